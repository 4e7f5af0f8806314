/**
 * The server of a soak test: one request in ten fails, in one of ten ways, over real sockets.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { createServer, type Socket } from "node:net";
import { seededRandom } from "../../src/testing/random.ts";

/** The faults of the server, all with the same probability. */
export const FAULTS = [
  "503",
  "429",
  "429 named",
  "reset in headers",
  "reset in body",
  "slow",
  "truncated",
  "wrong content",
  "redirect",
  "hang",
] as const;

/** The share of requests that get a fault. */
const FAULTY = 0.1;
/** The time that a slow answer takes, in milliseconds. */
const SLOW_MS = 60;

/** The counts of a server. */
export interface ServerCounts {
  /** The number of connections that are open now. */
  readonly open: number;
  /** The number of connections that were opened in total. */
  readonly accepted: number;
  readonly requests: number;
  readonly faults: Readonly<Record<string, number>>;
}

/** A running server. */
export interface FaultyServer {
  readonly url: string;
  readonly counts: ServerCounts;
  close(): void;
}

interface Counting {
  open: number;
  accepted: number;
  requests: number;
  readonly faults: Record<string, number>;
}

/** Starts a server on this machine; it answers `/counts` with its counts. */
export async function startFaultyServer(seed: number): Promise<FaultyServer> {
  const random = seededRandom(seed);
  const counts: Counting = { open: 0, accepted: 0, requests: 0, faults: {} };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    counts.accepted++;
    counts.open++;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      counts.open--;
      sockets.delete(socket);
    });
    let received = "";
    socket.on("data", (bytes: Buffer) => {
      received += bytes.toString("latin1");
      for (let end = received.indexOf("\r\n\r\n"); end !== -1; end = received.indexOf("\r\n\r\n")) {
        const path = received.split(" ", 2)[1]!;
        received = received.slice(end + 4);
        if (path === "/counts") socket.write(answer(JSON.stringify(counts)));
        else serve(socket, path, counts, random);
      }
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const { port } = server.address() as { readonly port: number };
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { url: `http://127.0.0.1:${port}`, counts, close };
}

function serve(socket: Socket, path: string, counts: Counting, random: () => number): void {
  counts.requests++;
  const [, number] = /^\/item\/(\d+)/.exec(path) ?? [];
  const well = answer(`{"n":${number},"padding":"${"x".repeat(300)}"}`);
  // The target of a redirect never gets a fault.
  if (path.endsWith("?moved") || random() >= FAULTY) return void socket.write(well);
  const fault = FAULTS[Math.floor(random() * FAULTS.length)]!;
  counts.faults[fault] = (counts.faults[fault] ?? 0) + 1;
  switch (fault) {
    case "503":
      return void socket.write(answer("busy", "503 Service Unavailable"));
    case "429":
      return void socket.write(answer("too many", "429 Too Many Requests", "Retry-After: 0\r\n"));
    case "429 named":
      return void socket.write(answer("too many", "429 Too Many Requests", "retry-after-ms: 20\r\n"));
    case "reset in headers":
      return void socket.write("HTTP/1.1 200 OK\r\nContent-Le", () => socket.resetAndDestroy());
    case "reset in body":
      return void socket.write(well.slice(0, -200), () => socket.resetAndDestroy());
    case "slow":
      return void setTimeout(() => socket.writable && socket.write(well), SLOW_MS);
    case "truncated":
      return void socket.end(well.slice(0, -200));
    case "wrong content":
      return void socket.write(answer("<html>Please log in</html>", "200 OK", "", "text/html"));
    case "redirect":
      return void socket.write(answer("", "302 Found", `Location: ${path}?moved\r\n`));
    case "hang":
      // Send nothing, until the client gives up.
      return;
  }
}

function answer(body: string, status = "200 OK", headers = "", type = "application/json"): string {
  return `HTTP/1.1 ${status}\r\n${headers}Content-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

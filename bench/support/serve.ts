/**
 * A server in a process of its own, so that its CPU time counts for no client. It answers a path that contains `small` with
 * 400 bytes of JSON, and any other path with 133 KB, the size of a lap's telemetry. If the path contains `/75ms/`, the
 * answer comes 75 ms late. The server writes ready bytes to a bare socket: on a machine with few processors, a server that
 * does more would take the client's time. It prints its port, and exits when its standard input ends.
 *
 * @module
 */

import { type AddressInfo, createServer, type Socket } from "node:net";
import { LARGE_JSON, SMALL_JSON } from "./payloads.ts";

const END_OF_HEAD = "\r\n\r\n";
const SMALL = httpResponse(SMALL_JSON);
const LARGE = httpResponse(LARGE_JSON);

function httpResponse(json: string): Uint8Array {
  const body = new TextEncoder().encode(json);
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
  const bytes = new TextEncoder().encode(head + END_OF_HEAD);
  return Uint8Array.from([...bytes, ...body]);
}

function serve(socket: Socket): void {
  let unread = "";
  socket.setNoDelay(true).setEncoding("latin1");
  socket.on("data", (text: string) => {
    unread += text;
    for (let end = unread.indexOf(END_OF_HEAD); end !== -1; end = unread.indexOf(END_OF_HEAD)) {
      answer(socket, unread.slice(0, unread.indexOf("\r\n")));
      unread = unread.slice(end + END_OF_HEAD.length);
    }
  });
  socket.on("error", () => {}); // A client that has disconnected needs no answer.
}

/** Answers a request. A client sends one request at a time over a connection, so no answer can overtake another one. */
function answer(socket: Socket, requestLine: string): void {
  const response = requestLine.includes("small") ? SMALL : LARGE;
  if (requestLine.includes("/75ms/")) setTimeout(() => socket.write(response), 75);
  else socket.write(response);
}

const server = createServer(serve);
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
for await (const _ of Deno.stdin.readable) {
  // The parent process ends this one by closing the pipe, also when the parent dies.
}
Deno.exit();

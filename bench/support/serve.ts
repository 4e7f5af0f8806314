/**
 * A server in a process of its own, so that what it costs is nobody's. Paths that contain `small` are answered with 400
 * bytes of JSON, others with 133 KB, the size of a lap's telemetry; after `/75ms/` the answer comes 75 ms late. Answers are
 * ready bytes on a bare socket: on a machine with few processors, a server that does more would take the client's time.
 * Prints its port, and ends when its standard input does.
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
  socket.on("error", () => {}); // A client that is gone needs no answer.
}

/** One request at a time comes over a connection, so that answers can't overtake one another. */
function answer(socket: Socket, requestLine: string): void {
  const response = requestLine.includes("small") ? SMALL : LARGE;
  if (requestLine.includes("/75ms/")) setTimeout(() => socket.write(response), 75);
  else socket.write(response);
}

const server = createServer(serve);
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
for await (const _ of Deno.stdin.readable) {
  // Whoever started this process ends it by closing the pipe, also by dying.
}
Deno.exit();

/**
 * A server in a process of its own, so that what it costs is nobody's: `/small` is 400 bytes of JSON, `/large` 133 KB.
 * Prints its port, and ends when its standard input does.
 *
 * @module
 */

const small = new TextEncoder().encode(JSON.stringify({ text: "x".repeat(389) }));
const column = Array.from({ length: 760 }, (_, row) => row * 0.131 + 0.0001);
const columns = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`column${index}`, column]));
const large = new TextEncoder().encode(JSON.stringify({ tel: columns }));

const headers = { "content-type": "application/json" };
const server = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(port) },
  (request) => {
    return new Response(request.url.includes("/large") ? large : small, { headers });
  },
);

for await (const _ of Deno.stdin.readable) {
  // Whoever started this process ends it by closing the pipe, also by dying.
}
await server.shutdown();

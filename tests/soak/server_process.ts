/**
 * The server of a soak in a process of its own: says where it is, and ends with its standard input.
 *
 * @module
 */

import { startFaultyServer } from "./faulty_server.ts";

const server = await startFaultyServer(Number(Deno.args[0] ?? 1));
console.log(server.url);
for await (const _ of Deno.stdin.readable) { /* whoever has started it says nothing more */ }
server.close();
Deno.exit(0);

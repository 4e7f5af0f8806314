/**
 * Runs the server of a soak test in a process of its own. Prints the server's URL, and exits when its standard input ends.
 *
 * @module
 */

import { startFaultyServer } from "./faulty_server.ts";

const server = await startFaultyServer(Number(Deno.args[0] ?? 1));
console.log(server.url);
for await (const _ of Deno.stdin.readable) { /* the parent process closes the pipe to end this one */ }
server.close();
Deno.exit(0);

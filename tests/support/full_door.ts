/**
 * Listens, and lets a client connect while the process has no file descriptor left to accept the connection. The listener
 * must accept it once descriptors are free again. Deno only.
 *
 * @module
 */

import { denoTransport } from "../../src/runtime/transport/deno.ts";

const sockets = denoTransport.sockets!;
const taken = Promise.withResolvers<void>();
const listener = sockets.listen((socket) => {
  socket.close();
  taken.resolve();
});
const files: Deno.FsFile[] = [];
const isFull = (): boolean => {
  try {
    files.push(Deno.openSync("/dev/null"));
    return false;
  } catch (error) {
    if (sockets.outOfDescriptors(error) === undefined) throw error;
    return true;
  }
};
while (!isFull());
files.pop()!.close();
const client = await Deno.connect({ hostname: "127.0.0.1", port: listener.port });
// Meanwhile the listener tries to accept the connection, and fails.
await new Promise((resolve) => setTimeout(resolve, 50));
for (const file of files) file.close();
await taken.promise;
client.close();
await listener.close();
console.log("taken");

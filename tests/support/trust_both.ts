/**
 * Reaches a server that the runtime trusts by itself, and one that a transport is told to trust.
 *
 * @module
 */

import { createTransport } from "../../src/transport/mod.ts";
import { OLD_CERTIFICATE, serveHttpsHere, serveResolver } from "./net_servers.ts";

await using server = await serveHttpsHere();
await using resolver = await serveResolver({ "only.doh.test": "127.0.0.1" });
const { port } = server;
for (const dns of [undefined, { doh: [resolver.url], when: "always" as const }]) {
  await using transport = createTransport({ caCerts: [OLD_CERTIFICATE], dns });
  const response = await transport.fetch(
    `https://${dns === undefined ? "localhost" : "only.doh.test"}:${port}/`,
  );
  console.log(response.status);
}

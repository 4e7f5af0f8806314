/**
 * Fetches from a server that the runtime itself trusts (by `NODE_EXTRA_CA_CERTS`), through a transport that has another
 * certificate in `caCerts`. Does it twice: with the system's resolver, and with DNS over HTTPS. Prints the status of each
 * response.
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

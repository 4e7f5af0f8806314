/** Leaves a body unread and a stream unfinished. The process must nevertheless end by itself. */

import process from "node:process";
import { clientOptionsFromEnv, createClient } from "@slipstream/fetch";

const [, , site = ""] = process.argv;
const { concurrency } = clientOptionsFromEnv();
const client = createClient({ baseUrls: site, concurrency });
const response = await client.fetch(`${site}/echo?bytes=300000`);
for await (const line of client.lines("lines")) {
  if (line !== "") break;
}
console.log(JSON.stringify([response.status, concurrency]));

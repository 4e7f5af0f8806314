/**
 * Downloads one file, and says how far it is: `download_once.ts URL PATH`. Prints the bytes of each chunk, and at the end what the
 * download has said.
 *
 * @module
 */

import { createClient } from "../../mod.ts";

const [url, path] = (globalThis as unknown as { process: { argv: readonly string[] } }).process.argv.slice(2);
await using client = createClient();
const { bytes, resumedFrom } = await client.download(url!, path!, {
  onProgress: (progress) => console.log(progress.bytes),
});
console.log(`done ${bytes} ${resumedFrom}`);

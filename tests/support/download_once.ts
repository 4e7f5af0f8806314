/**
 * Downloads one file: `download_once.ts URL PATH`. Prints the progress in bytes as it goes, and the download's result at the
 * end.
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

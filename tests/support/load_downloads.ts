import { createClient } from "../../mod.ts";

/**
 * Loads the code of downloads, which loads at first use. It comes from the disk, which takes real time, and a test with a
 * manual clock does not wait for that.
 */
export async function loadDownloads(): Promise<void> {
  await using client = createClient({ fetch: () => Promise.resolve(new Response("")) });
  await client.download("https://a.test/", new WritableStream());
}

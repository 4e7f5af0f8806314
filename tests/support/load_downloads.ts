import { createClient } from "../../mod.ts";

/**
 * Has the code of downloads loaded, as after the first one of a program. It comes from the disk, and a clock that is moved by hand does
 * not wait for that.
 */
export async function loadDownloads(): Promise<void> {
  await using client = createClient({ fetch: () => Promise.resolve(new Response("")) });
  await client.download("https://a.test/", new WritableStream());
}

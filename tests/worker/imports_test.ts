import { assert, assertEquals } from "@std/assert";
import { bundleWorker, serveWorker } from "./worker_rig.ts";

const { exports }: { readonly exports: Readonly<Record<string, string>> } = JSON.parse(
  await Deno.readTextFile("deno.json"),
);
/** The subpaths of the package, without the command line, which is only for Deno and Bun. */
const SUBPATHS = Object.keys(exports).filter((subpath) => subpath !== "./cli");

Deno.test({
  name: `a worker imports every part of the package: ${SUBPATHS.join(" ")}`,
  sanitizeResources: false, // Deno's connection pool keeps connections to a worker that has ended
  sanitizeOps: false,
  async fn() {
    const names = SUBPATHS.map((subpath) => JSON.stringify(`@slipstream/fetch${subpath.slice(1)}`));
    const code = names.map((name, index) => `import * as part${index} from ${name};`).join("\n") + `
export default {
  fetch: (): Response => Response.json([${
      names.map((_, index) => `part${index}`)
    }].map((part) => Object.keys(part).length)),
};
`;
    const folder = await Deno.makeTempDir({ dir: "tests/worker", prefix: "edge-" });
    try {
      await Deno.writeTextFile(`${folder}/imports.ts`, code);
      await using worker = await serveWorker(await bundleWorker(`${folder}/imports.ts`));
      const counts = await worker.ask("/") as number[];
      assertEquals(counts.length, SUBPATHS.length);
      assert(counts.every((count) => count > 0));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/**
 * How long does a batch take when the service has a hiccup, or fails now and then? A batch has 2,000 URLs, 50 ms each, 20
 * at once. The output names each contender that loses values. The longer scenes are in `targets.ts`, as T10.
 *
 * @module
 */

import { CONTENDERS, createContender } from "./support/contenders.ts";
import { RivalUnavailableError } from "./support/rivals.ts";
import { type SceneName, SCENES } from "./support/scenes.ts";
import { startFaultsServer } from "./support/server.ts";

const NAMES: readonly SceneName[] = ["blip", "first tries"];

for (const name of NAMES) {
  const { title, urls, possible } = SCENES[name];
  for (const contender of CONTENDERS) {
    try {
      const settleAll = await createContender(contender);
      Deno.bench({
        name: contender,
        group: title,
        baseline: contender === "ours",
        n: 1,
        warmup: 0,
        async fn(bench) {
          // Each contender needs a service of its own, because the trouble ends after a while.
          await using server = await startFaultsServer(name, [contender]);
          const origin = server.origins[contender]![0]!;
          let came = 0;
          bench.start();
          await settleAll(
            Array.from({ length: urls }, (_, index) => `${origin}/${index}`),
            (_, ok) => void (ok && came++),
          );
          bench.end();
          if (came < possible) console.error(`${contender}, ${title}: ${came} of ${possible} came`);
        },
      });
    } catch (error) {
      if (!(error instanceof RivalUnavailableError)) throw error;
      console.error(`not measured: ${error.message}`);
    }
  }
}

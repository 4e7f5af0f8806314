/**
 * How much does an adaptive limit help against a service that serves 32 requests at once, 20 ms each? The service lets the
 * other requests wait, or refuses them. A batch has 2,000 URLs. The best fixed limit and a limit that is far too high
 * stand beside the adaptive ones.
 *
 * @module
 */

import { createClient } from "../mod.ts";
import { AdaptiveLimit } from "../src/primitives/mod.ts";

const SLOTS = 32;
const SERVICE_MS = 20;
const URLS = 2_000;

const LIMITS: Readonly<Record<string, () => number | AdaptiveLimit>> = {
  "fixed at 32": () => SLOTS,
  "fixed at 1,000": () => 1_000,
  "gradient, from 4": () => new AdaptiveLimit({ initial: 4 }),
  "gradient, from 256": () => new AdaptiveLimit({ initial: 256 }),
  "aimd, from 4": () => new AdaptiveLimit({ initial: 4, algorithm: "aimd" }),
};

/** Starts a server that serves `SLOTS` requests at once; further requests wait in line, or get 503 if it `refuses` them. */
function serve(refuses: boolean): Deno.HttpServer<Deno.NetAddr> {
  const line: (() => void)[] = [];
  let busy = 0;
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async () => {
    if (busy < SLOTS) busy++;
    else if (refuses) return new Response(null, { status: 503 });
    else await new Promise<void>((resolve) => line.push(resolve));
    await new Promise((resolve) => setTimeout(resolve, SERVICE_MS));
    const next = line.shift();
    if (next === undefined) busy--;
    else next();
    return Response.json({ ok: true });
  });
}

for (const refuses of [false, true]) {
  for (const [name, concurrency] of Object.entries(LIMITS)) {
    Deno.bench({
      name,
      group: refuses ? "others are refused" : "others wait",
      baseline: name === "fixed at 32",
      n: 1,
      warmup: 0,
      async fn(bench) {
        await using server = serve(refuses);
        await using client = createClient({
          concurrency: concurrency(),
          circuitBreaker: false,
          retryBudget: false,
          maxRetries: 100,
          backoff: { baseMs: 50, factor: 1, jitter: "none" },
        });
        const urls = Array.from(
          { length: URLS },
          (_, index) => `http://127.0.0.1:${server.addr.port}/${index}`,
        );
        bench.start();
        const outcomes = await client.settle(urls);
        bench.end();
        const came = outcomes.filter(({ ok }) => ok).length;
        if (came < URLS) console.error(`${name}: ${came} of ${URLS} came`);
      },
    });
  }
}

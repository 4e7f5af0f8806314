/**
 * A worker that creates its clients at module scope, as the README advises.
 *
 * @module
 */

import { type Client, createClient } from "@slipstream/fetch";
import { httpCache, memoryCache } from "@slipstream/fetch/cache";
import { SingleFlight } from "@slipstream/fetch/primitives";
import { webCache } from "@slipstream/fetch/cache/web";
import { tour, tourClients } from "../../support/tour.ts";
import { SITE } from "./site_url.ts";

const clients = tourClients(SITE);
const client = createClient({
  baseUrls: SITE,
  concurrency: 2,
  timeoutMs: 2_000,
  backoff: { baseMs: 100, jitter: "none" },
});
const brief = client.extend({ timeoutMs: 1_000 });
const through = client.extend({ use: [(request, next) => next(request)] });
const many = createClient({ baseUrls: SITE, concurrency: 20 });
const paced = createClient({
  baseUrls: SITE,
  rateLimit: { limit: 50, intervalMs: 1_000, burst: 1 },
  perOrigin: { concurrency: 1 },
});
const web = createClient({ baseUrls: SITE, cache: httpCache(webCache("api")) });
const tiers = createClient({ baseUrls: SITE, cache: httpCache([memoryCache(), webCache("tiers")]) });
const hasty = createClient({ baseUrls: SITE, timeoutMs: 60, maxRetries: 0, circuitBreaker: false });
const narrow = createClient({ baseUrls: SITE, concurrency: 2, circuitBreaker: false });
const lone = createClient({ baseUrls: SITE, concurrency: 1 });
const lasting = createClient({ baseUrls: SITE, concurrency: 2 });
const cached = createClient({ baseUrls: SITE, timeoutMs: 2_000, cache: httpCache(memoryCache()) });
const flights = new SingleFlight<string, unknown>();
let closable = createClient({ baseUrls: SITE });

/** The scenes, by the path of the worker's request; each gets the path at the site from `?path`. */
const SCENES: Readonly<Record<string, (path: string) => unknown>> = {
  "/tour": () => tour(clients, SITE),
  "/json": (path) => client.json(path),
  "/brief": (path) => brief.json(path),
  "/once": (path) => brief.json(path, { maxRetries: 0 }),
  "/hasty": (path) => hasty.json(path),
  "/leave": (path) => narrow.json(path, { signal: AbortSignal.timeout(Math.random() * 50) }),
  "/stay": (path) => narrow.json(path, { totalTimeoutMs: 20_000 }),
  "/abandon"(path) {
    lone.json(path).catch(() => {});
    return "gone";
  },
  "/after": (path) => lone.json(path, { totalTimeoutMs: 20_000 }),
  "/beside": (path) => lasting.json(path, { totalTimeoutMs: 20_000 }),
  "/many": (path) => many.json(path),
  "/paced": (path) => paced.json(path),
  "/web": (path) => fromOf(web, path),
  "/tiers": (path) => fromOf(tiers, path),
  "/cached": (path) => cached.json(path),
  "/cached-once": (path) => cached.json(path, { maxRetries: 0 }),
  "/settle": (path) => settle(client, path),
  "/settle-through": (path) => settle(through, path),
  "/unread": async (path) => (await brief.fetch(`${SITE}/${path}`)).status,
  "/stats": () =>
    [client, brief, many, paced, web, tiers, hasty].map((each) =>
      each.stats().inFlight + each.stats().queued
    ),
  async "/wait"() {
    const plain = createClient({ fetch: () => Promise.resolve(Response.json(1)), concurrency: 1 });
    const caching = plain.extend({ cache: httpCache(memoryCache()) });
    const own = new SingleFlight<string, unknown>();
    await Promise.all(Array.from({ length: 1_000 }, async (_, index) => {
      await plain.json(`https://a.test/${index}`);
      await plain.json("https://a.test/same");
      await caching.json("https://a.test/cached");
    }));
    await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => own.run(`${index}`, async () => await null)),
    );
    return "waited";
  },
  "/flight": (path) => flights.run(path, () => many.json(path)),
  "/requests": () => [client, brief, cached].reduce((sum, each) => sum + each.stats().requests, 0),
  "/closable": (path) => closable.json(path),
  async "/close"() {
    const closing = closable;
    closable = createClient({ baseUrls: SITE });
    await closing.close();
    return "closed";
  },
  async "/close-throws"() {
    const deaf = createClient({
      fetch: (_input, init) =>
        new Promise<Response>((_, reject) => {
          init?.signal?.addEventListener("abort", () => {
            reject(init.signal?.reason);
            throw new Error("a listener's own mistake");
          });
        }),
    });
    const pending = [deaf.json("https://a.test/1"), deaf.json("https://a.test/2")].map(nameOf);
    await deaf.close();
    return await Promise.all(pending);
  },
};

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const path = searchParams.get("path") ?? "";
    if (pathname === "/pass") return await client.fetch(`${SITE}/${path}`);
    if (pathname === "/follow") return await lasting.fetch(`${SITE}/${path}`, {}, { idleTimeoutMs: 60_000 });
    try {
      return Response.json({ value: await SCENES[pathname]?.(path) });
    } catch (error) {
      return Response.json({ error: (error as Error).name });
    }
  },
};

async function settle(client: Client, path: string): Promise<number> {
  const outcomes = await client.settle(Array.from({ length: 20 }, (_, index) => `${path}/${index}?ms=10`));
  return outcomes.filter(({ ok }) => ok).length;
}

async function fromOf(client: Client, path: string): Promise<string> {
  const outcome = await client.outcome(path);
  return outcome.ok ? outcome.from : outcome.error.message;
}

async function nameOf(pending: Promise<unknown>): Promise<string> {
  return await pending.then(() => "fulfilled", (error: Error) => error.name);
}

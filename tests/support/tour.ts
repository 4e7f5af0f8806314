/**
 * A tour through the features of clients, against the site of `site.ts`. It imports only the package by its name, so that it
 * runs from the sources, from a bundle of them, and from the package that npm clients get. It uses only globals that every
 * runtime has.
 *
 * @module
 */

import { type Client, createClient, fetchJson, fetchMany, fetchStream } from "@slipstream/fetch";
import { httpCache, memoryCache, ttlCache } from "@slipstream/fetch/cache";
import { Semaphore, TaskGroup } from "@slipstream/fetch/primitives";

/** The clients of a tour. */
export interface TourClients {
  readonly plain: Client;
  readonly limited: Client;
  readonly http: Client;
  readonly ttl: Client;
}

/** Creates the clients of a tour. */
export function tourClients(site: string): TourClients {
  const common = { baseUrls: site, timeoutMs: 5_000, backoff: { baseMs: 1, jitter: "none" } } as const;
  return {
    plain: createClient({ ...common, concurrency: 4 }),
    limited: createClient({ ...common, rateLimit: { limit: 100, intervalMs: 1_000, burst: 2 } }),
    http: createClient({ ...common, cache: httpCache(memoryCache()) }),
    ttl: createClient({ ...common, cache: ttlCache(memoryCache({ keep: "parsed" }), { ttlMs: 60_000 }) }),
  };
}

/** The expected results of a tour. */
export const TOUR: Readonly<Record<string, unknown>> = {
  json: "/item/a",
  text: '"/item/a"',
  bytes: 9,
  put: ["PUT", "hello", ""],
  "a Request is sent again": [200, ["PUT", "hello"]],
  "a large Request": [200, 100_000],
  retry: ["GET", ""],
  "retried attempts": 2,
  "no retry of POST": [503, "not now"],
  all: ["/item/0", "/item/1", "/item/2"],
  settle: 100,
  "stream in order": [0, 1, 2, 3, 4],
  record: ["/item/x", false],
  lines: [{ n: 1 }, { n: 2 }, { n: 3 }],
  events: [["1", "one"], ["1", "two"]],
  pages: [[1], [2], [3]],
  redirect: ["GET", "", ""],
  loop: "NetworkError",
  gzip: [1, 2],
  "a response": [200, true, 9, "application/json", "/item/a"],
  "not found": ["DataNotFoundError", 404],
  timeout: ["TimeoutError", "attempt"],
  "timeout of a body": ["TimeoutError", "idle"],
  "abort of json": "mine",
  "abort of a body": "mine",
  "abort of a batch": "mine",
  "rate limit": 6,
  "429": "/limited/",
  "http cache": ["network", "cache"],
  "ttl cache": ["network", "cache"],
  "one call": ["/item/1", 2, 2],
  group: [1, 2, 3],
  "nothing is left": [0, 0, 0, 0, 0, 0, 0, 0],
};

/** Runs all scenes of the tour, and returns their results by name. A scene that fails has the result `failed: …`. */
export async function tour(clients: TourClients, site: string): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const [name, scene] of Object.entries(scenes(clients, site))) {
    try {
      found[name] = await soon(scene());
    } catch (error) {
      found[name] = `failed: ${error}`;
    }
  }
  return found;
}

type Scene = () => unknown;

function scenes(clients: TourClients, site: string): Record<string, Scene> {
  return { ...singleScenes(clients, site), ...batchScenes(clients, site), ...endScenes(clients, site) };
}

function singleScenes({ plain }: TourClients, site: string): Record<string, Scene> {
  return {
    json: () => plain.json("item/a"),
    text: () => plain.text("item/a"),
    bytes: async () => (await plain.bytes("item/a")).length,
    put: () => plain.json({ url: "echo", method: "PUT", body: "hello" }),
    async "a Request is sent again"() {
      const request = new Request(`${site}/flaky/${unique()}`, { method: "PUT", body: "hello" });
      const response = await plain.fetch(request);
      return [response.status, await response.json()];
    },
    async "a large Request"() {
      const request = new Request(`${site}/echo`, { method: "PUT", body: "x".repeat(100_000) });
      const response = await plain.fetch(request);
      return [response.status, (await response.json() as string[])[1]?.length];
    },
    retry: () => plain.json(`flaky/${unique()}`),
    "retried attempts": async () => (await plain.outcome(`flaky/${unique()}`)).attempts,
    async "no retry of POST"() {
      const response = await plain.fetch(`${site}/flaky/${unique()}`, { method: "POST", body: "" });
      return [response.status, await response.text()];
    },
    redirect: () => plain.json("redirect"),
    loop: () => nameOf(plain.json("loop", { maxRetries: 0 })),
    gzip: async () => (await plain.fetch(`${site}/gzip`)).json(),
    async "a response"() {
      const response = await plain.fetch(`${site}/item/a`);
      const [blob, bytes] = [response.clone(), response.clone()];
      const [type] = (await blob.blob()).type.split(";");
      return [response.status, response.ok, (await bytes.bytes()).length, type, await response.json()];
    },
    async "not found"() {
      const outcome = await plain.outcome("nowhere");
      return outcome.ok
        ? "found"
        : [outcome.error.name, (outcome.error as { status?: number }).status ?? 404];
    },
  };
}

function batchScenes({ plain }: TourClients, site: string): Record<string, Scene> {
  return {
    all: () => plain.all(["item/0", "item/1", "item/2"]),
    async settle() {
      const outcomes = await plain.settle(Array.from({ length: 100 }, (_, index) => `item/${index}`));
      return outcomes.filter(({ ok }) => ok).length;
    },
    async "stream in order"() {
      const urls = Array.from({ length: 5 }, (_, index) => `item/${index}?ms=${20 - index * 4}`);
      const indices: number[] = [];
      for await (const { index } of plain.stream(urls, { ordered: true })) indices.push(index);
      return indices;
    },
    async record() {
      const { here, nowhere } = await plain.record({ here: "item/x", nowhere: "nowhere" });
      return [here.ok && here.value, nowhere.ok];
    },
    lines: () => collect(plain.lines("lines", { as: "json" })),
    async events() {
      const events = await collect(plain.events("events", { reconnect: false }));
      return events.map(({ id, data }) => [id, data]);
    },
    async pages() {
      return (await collect(plain.pages<number[]>("pages"))).map(({ value }) => value);
    },
    async "one call"() {
      const urls = [`${site}/item/1`, `${site}/item/2`];
      const streamed = await collect(fetchStream(urls));
      return [
        await fetchJson(urls[0]!),
        (await fetchMany(urls)).filter(({ ok }) => ok).length,
        streamed.length,
      ];
    },
  };
}

function endScenes(clients: TourClients, site: string): Record<string, Scene> {
  const { plain, limited, http, ttl } = clients;
  return {
    timeout: () => kindOf(plain.json("slow", { timeoutMs: 200, maxRetries: 0 })),
    "timeout of a body": async () =>
      kindOf((await plain.fetch(`${site}/slow`, {}, { idleTimeoutMs: 200 })).text()),
    "abort of json": () => reasonOf((signal) => plain.json("slow", { signal })),
    "abort of a body": () =>
      reasonOf(async (signal) => (await plain.fetch(`${site}/slow`, { signal })).text()),
    "abort of a batch": () => reasonOf((signal) => plain.settle(["slow?1", "slow?2"], { signal })),
    async "rate limit"() {
      const outcomes = await limited.settle(Array.from({ length: 6 }, (_, index) => `item/${index}`));
      return outcomes.filter(({ ok }) => ok).length;
    },
    "429": async () => (await plain.json<string>(`limited/${unique()}`)).slice(0, "/limited/".length),
    "http cache": () => twice(http),
    "ttl cache": () => twice(ttl),
    async group() {
      const group = new TaskGroup<number>({ semaphore: new Semaphore(2) });
      for (const value of [1, 2, 3]) await group.spawn(() => Promise.resolve(value));
      await group.wait();
      return group.results();
    },
    "nothing is left": () =>
      [plain, limited, http, ttl].flatMap((client) => [client.stats().inFlight, client.stats().queued]),
  };
}

async function twice(client: Client): Promise<unknown[]> {
  const url = `cached/${unique()}`;
  const first = await client.outcome(url);
  const second = await client.outcome(url);
  return [first.ok && first.from, second.ok && second.from];
}

/** Returns the reason with which a promise rejects when its signal aborts after 50 ms. */
async function reasonOf(start: (signal: AbortSignal) => Promise<unknown>): Promise<unknown> {
  const controller = new AbortController();
  const pending = start(controller.signal);
  setTimeout(() => controller.abort("mine"), 50);
  return await pending.then((value) => `fulfilled: ${value}`, (reason) => reason);
}

async function nameOf(pending: Promise<unknown>): Promise<string> {
  return await pending.then(() => "fulfilled", (error: Error) => error.name);
}

async function kindOf(pending: Promise<unknown>): Promise<unknown> {
  return await pending.then(
    () => "fulfilled",
    ({ name, kind }: { name: string; kind?: string }) => [name, kind],
  );
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Returns a name that the site has not been asked for yet. */
function unique(): string {
  return crypto.randomUUID();
}

/** Waits for the result of a scene, at most ten seconds. */
async function soon(scene: unknown): Promise<unknown> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("it hangs")), 10_000);
  });
  try {
    return await Promise.race([scene, late]);
  } finally {
    clearTimeout(timer);
  }
}

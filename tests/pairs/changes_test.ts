import { assert } from "@std/assert";
import { type ClientOptions, createClient, type RequestOptions } from "../../mod.ts";
import { httpCache, memoryCache } from "../../src/http_cache/mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";

const NAMES = ["first", "second", "third", "fourth"];
const BASES = ["https://a.test/x", "https://b.test/y"];
const WAYS = ["as it is", "by its signal", "by totalTimeoutMs", "by timeoutMs"];

/** A server whose resources have versions, and some of them redirect to another one. */
class VersionedServer {
  /** The version that each change has made, by the body of its request. */
  readonly made = new Map<string, number>();
  readonly #versions = new Map<string, number>();
  readonly #targets = new Map<string, string>();
  readonly #clock: ManualClock;
  readonly #random: () => number;
  readonly #cacheControl: string;

  constructor(clock: ManualClock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
    this.#cacheControl = pick(random, ["max-age=60", "max-age=0", "no-cache"]);
    for (const [index, name] of NAMES.slice(0, -1).entries()) {
      if (random() < 0.6) this.#targets.set(name, pick(random, NAMES.slice(index + 1)));
    }
  }

  /** Returns the resource at the end of the redirects. */
  endOf(name: string): string {
    const target = this.#targets.get(name);
    return target === undefined ? name : this.endOf(target);
  }

  readonly fetch: NonNullable<ClientOptions["fetch"]> = async (
    url,
    { method = "GET", body, signal } = {},
  ) => {
    const name = new URL(String(url)).pathname.split("/").at(-1)!;
    const target = this.#targets.get(name);
    await this.#wait(20, signal);
    if (this.#random() < 0.05) return new Response("busy", { status: 503 });
    const headers = { "cache-control": this.#cacheControl };
    if (target !== undefined) {
      return new Response(null, { status: 307, headers: { ...headers, location: target } });
    }
    const version = (this.#versions.get(name) ?? 1) + (method === "GET" ? 0 : 1);
    this.#versions.set(name, version);
    if (method !== "GET") this.made.set(String(body), version);
    await this.#wait(200, signal);
    return Response.json(version, { headers });
  };

  #wait(mostMs: number, signal: AbortSignal | null | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#clock.setTimeout(resolve, Math.floor(this.#random() * mostMs));
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }
}

function pick<T>(random: () => number, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)]!;
}

/** Makes changes and reads at random, and returns the reads that got an older version than a change had made by then. */
async function olderReads(seed: number, isCached: boolean): Promise<string[]> {
  const random = seededRandom(seed);
  const clock = new ManualClock();
  const server = new VersionedServer(clock, random);
  const client = createClient({
    fetch: server.fetch,
    clock,
    random,
    maxRetries: 1,
    baseUrls: random() < 0.5 ? BASES : BASES.slice(0, 1),
    ...isCached ? { cache: httpCache(memoryCache({ now: () => clock.wallNow() })) } : {},
  });
  const family = [client, client.extend({ headers: { "x-a": "1" } })];
  const made = new Map<string, number>();
  const older: string[] = [];

  async function change(name: string, body: string): Promise<void> {
    const way = pick(random, WAYS);
    const afterMs = 10 + Math.floor(random() * 40);
    const controller = new AbortController();
    const options: Record<string, RequestOptions> = {
      "by its signal": { signal: controller.signal },
      "by totalTimeoutMs": { totalTimeoutMs: afterMs },
      "by timeoutMs": { timeoutMs: afterMs },
    };
    if (way === "by its signal") clock.setTimeout(() => controller.abort(), afterMs);
    // Whether it has failed or not, what the server has done by now must be seen from now on.
    await pick(random, family).text({ url: name, method: "PUT", body }, options[way]).catch(() => {});
    const end = server.endOf(name);
    made.set(end, Math.max(made.get(end) ?? 1, server.made.get(body) ?? 1));
  }

  async function read(name: string): Promise<void> {
    const least = made.get(server.endOf(name)) ?? 1;
    const outcome = await pick(random, family).outcome(pick(random, [name, `${BASES[0]}/${name}`]));
    if (outcome.ok && outcome.value as number < least) older.push(`${name}: ${outcome.value} < ${least}`);
  }

  const all: Promise<void>[] = [];
  for (let step = 0; step < 25; step++) {
    const name = pick(random, NAMES);
    all.push(random() < 0.3 ? change(name, `change ${step}`) : read(name));
    await clock.advance(Math.floor(random() * 40));
  }
  await clock.run(Promise.all(all));
  await clock.run(client.close());
  return older;
}

for (const isCached of [false, true]) {
  test(`changes × redirects × mirrors × abort × single-flight${isCached ? " × cache" : ""}: no read after a change gets what was before`, async () => {
    for (let seed = 1; seed <= 150; seed++) {
      const older = await olderReads(seed, isCached);
      assert(older.length === 0, `seed ${seed}: ${older.join(", ")}`);
    }
  });
}

import { assertEquals } from "@std/assert";
import type { RequestOptions } from "../../mod.ts";
import type { CacheAdapter, MaybePromise } from "../../src/http_cache/mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import type { Answer, SentRequest } from "../client/fake_network.ts";
import { test } from "../support/test.ts";
import { adapterWith, cacheRig, URL_A, URL_B } from "./cache_rig.ts";
import { RecordingCache } from "./recording_cache.ts";

/** The server's report about a resource: its version, and the parts of the request that the answer depends on. */
interface Told {
  readonly nth: number;
  readonly url: string;
  readonly version: number;
  readonly language?: string | null;
  readonly accept?: string | null;
  readonly user: string | null;
}

/** A seeded random source. */
class Dice {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  upTo(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  pick<T>(...values: readonly T[]): T {
    return values[this.upTo(values.length)]!;
  }
}

/**
 * A server of resources that change with each PUT. Its answers are true, in form and headers drawn at random, and it
 * fails at times.
 */
class Server {
  readonly versions: Map<string, number> = new Map();
  /** The `Cache-Control` of each body that was sent. */
  readonly controls: Map<number, string> = new Map();
  readonly #dice: Dice;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  versionOf(url: string): number {
    return this.versions.get(url) ?? 0;
  }

  readonly answer = (request: SentRequest): Answer => {
    const dice = this.#dice;
    const times = { afterMs: dice.upTo(60), bodyMs: dice.upTo(40) };
    if (dice.chance(0.08)) return { ...times, status: 500, json: "busy" };
    const isBroken = dice.chance(0.06);
    const answer = request.method === "PUT" ? this.#change(request) : this.#show(request);
    return { ...answer, ...times, ...(isBroken ? { error: new TypeError("reset") } : {}) };
  };

  #change({ url }: SentRequest): Answer {
    this.versions.set(url, this.versionOf(url) + 1);
    return { json: null };
  }

  #show({ url, method, headers: sent }: SentRequest): Answer {
    const dice = this.#dice;
    const [byLanguage, byAccept] = [dice.chance(0.6), dice.chance(0.3)];
    const names = [
      byLanguage ? "x-language" : "",
      byAccept ? "accept" : "",
      dice.chance(0.2) ? "x-other" : "",
    ];
    const told = {
      url,
      version: this.versionOf(url),
      user: sent.get("cookie"),
      ...(byLanguage ? { language: sent.get("x-language") } : {}),
      ...(byAccept ? { accept: sent.get("accept") } : {}),
    };
    const etag = `"${JSON.stringify(told).replaceAll('"', "'")}"`;
    const control = dice.pick("max-age=1000", "max-age=0", "no-cache", "no-store", STALE_WHILE, STALE_IF);
    const vary = names.filter((name) => name !== "").join(", ");
    const headers = { "cache-control": control, vary, ...(dice.chance(0.7) ? { etag } : {}) };
    if (method === "HEAD") return { headers };
    if (sent.get("if-none-match") === etag) return { status: 304, headers: { ...headers, etag } };
    const nth = this.controls.size;
    this.controls.set(nth, control);
    return { json: { nth, ...told, padding: "x".repeat(dice.upTo(200)) }, headers };
  }
}

const STALE_WHILE = "max-age=1, stale-while-revalidate=1000";
const STALE_IF = "max-age=0, stale-if-error=1000";

/** An adapter that takes its time, before or after its work. */
function slowAdapter(dice: Dice, clock: ManualClock): CacheAdapter {
  const inner = new RecordingCache();
  const slowly = async <T>(work: () => MaybePromise<T>): Promise<T> => {
    const early = dice.chance(0.5) ? { value: await work() } : undefined;
    await wait(clock, dice.upTo(30));
    return early === undefined ? await work() : early.value;
  };
  return adapterWith({
    get: (key) => slowly(() => inner.get(key)),
    set: (key, entry) => slowly(() => inner.set(key, entry)),
    delete: (key) => slowly(() => inner.delete(key)),
  });
}

function wait(clock: ManualClock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimeout(resolve, ms));
}

/** Runs a client with many concurrent requests; returns which of its answers are wrong. */
async function findWrongs(seed: number): Promise<string[]> {
  const dice = new Dice(seed);
  const clock = new ManualClock();
  // The adapter takes time of this clock, and no real time.
  Object.defineProperty(clock, "hold", { value: undefined });
  const server = new Server(dice);
  const partition = ({ headers }: { readonly headers: Readonly<Record<string, string>> }) =>
    headers["cookie"] ?? "";
  const plan = { adapter: slowAdapter(dice, clock), partition };
  const { client } = cacheRig(server.answer, { manualClock: clock, plan });
  const wrongs: string[] = [];
  const changed = new Map<string, number>();
  const givenAtMs = new Map<number, number>();

  const change = async (url: string, headers: Record<string, string>): Promise<void> => {
    const outcome = await client.outcome({ url, method: "PUT", headers });
    // Without an answer the change may have been made; with a 500 it was not.
    if (outcome.ok || outcome.error.name === "NetworkError") changed.set(url, server.versionOf(url));
  };

  const show = async (url: string, headers: Record<string, string>): Promise<void> => {
    const [askedAtMs, atLeast] = [clock.now(), changed.get(url) ?? 0];
    const as = dice.pick("json", "text");
    const cache = dice.pick("default", "default", "no-cache", "reload", "force-cache", "no-store");
    const limits = dice.chance(0.3) ? { maxBodyBytes: 200 } : {};
    const options: RequestOptions = { headers, cache, timeoutMs: dice.pick(50, 9_000), ...limits };
    const outcome = await client.outcome(url, { as, ...options });
    if (!outcome.ok) return;
    const text = as === "text" ? String(outcome.value) : JSON.stringify(outcome.value);
    const told: Told = JSON.parse(text);
    const accept = as === "json" ? "application/json" : null;
    const isAgain = (givenAtMs.get(told.nth) ?? Infinity) < askedAtMs;
    givenAtMs.set(told.nth, Math.min(givenAtMs.get(told.nth) ?? Infinity, clock.now()));
    const rules: readonly [string, boolean][] = [
      ["is what was before a change", told.version >= atLeast],
      [
        "is another variant",
        told.language === undefined || told.language === (headers["x-language"] ?? null),
      ],
      ["is another variant", told.accept === undefined || told.accept === accept],
      ["is another user's", told.user === (headers["cookie"] ?? null)],
      ["was not to be stored", !isAgain || server.controls.get(told.nth) !== "no-store"],
      ["was to be asked for", !isAgain || (cache !== "reload" && cache !== "no-store")],
      ["is too large", text.length <= (limits.maxBodyBytes ?? Infinity)],
    ];
    for (const [wrong, holds] of rules) if (!holds) wrongs.push(`${seed}: ${text} ${wrong}`);
  };

  const ask = async (): Promise<void> => {
    await wait(clock, dice.upTo(200));
    const url = dice.pick(URL_A, URL_A, URL_A, URL_B);
    const language = dice.pick({}, { "x-language": "de" }, { "x-language": "fr" });
    const headers = { ...language, ...dice.pick({}, { cookie: "alice" }) };
    const kind = dice.upTo(10);
    if (kind === 0) await change(url, headers);
    else if (kind === 1) await client.outcome({ url, method: "HEAD", headers });
    else await show(url, headers);
  };

  await clock.run(Promise.all(Array.from({ length: 60 }, ask)));
  await clock.run(client.close());
  return wrongs;
}

test("mode http: with a slow adapter and a failing server, concurrent callers never get an answer that is not for them", async () => {
  // With seed 310, a change overtakes the slow read of an entry that a call would serve stale to others.
  for (const seed of [...Array(50).keys(), 310]) {
    assertEquals(await findWrongs(seed), []);
  }
});

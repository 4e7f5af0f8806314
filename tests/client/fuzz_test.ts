import { assertEquals } from "@std/assert";
import {
  type Client,
  type ClientEvent,
  type ClientOptions,
  createClient,
  type FetchRequest,
  type RequestOptions,
} from "../../mod.ts";
import { type CacheAdapter, memoryCache } from "../../src/http_cache/mod.ts";
import { Semaphore } from "../../src/primitives/mod.ts";
import type { StandardSchemaV1 } from "../../src/schemas/standard_schema.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { bothWays } from "../policies/both_ways.ts";
import { countAbortListeners } from "../support/abort_listener_count.ts";
import { Dice } from "../support/dice.ts";
import { type Answer, FakeNetwork } from "./fake_network.ts";
import { planOf } from "../http_cache/plan_of.ts";

/** The one seed to run, for debugging; `undefined` for all. */
const ONLY: number | undefined = undefined;
const SEEDS = 240;
const STEPS = 12;
const HOSTS = ["a.test", "b.test"];
/** Longer than any answer takes here. */
const LONG_MS = 100_000;
/** Longer than all waits together: retries, pauses, patience and the answers to all of them. */
const FOR_EVER_MS = 5_000_000;

/** A client with callers, listeners, schemas and servers that all misbehave. */
class Ordeal {
  readonly clock = new ManualClock();
  readonly semaphore: Semaphore;
  readonly network: FakeNetwork;
  readonly client: Client;
  /** How often each promise that a caller got has settled. */
  readonly deeds: { readonly name: string; settled: number }[] = [];
  readonly events: ClientEvent[] = [];
  readonly #dice: Dice;
  readonly #controllers: AbortController[] = [];
  readonly #listeners: { readonly now: number }[] = [];
  /**
   * How many more times listeners may do something when they are called: without a bound some seeds would never end.
   */
  #mischief = 20;

  constructor(seed: number, listens: boolean) {
    this.#dice = new Dice(seed);
    this.semaphore = new Semaphore(1 + this.#dice.below(4));
    this.network = new FakeNetwork(this.clock, () => this.#answer());
    this.client = createClient(this.#options());
    if (!listens) return;
    this.client.on((event) => this.#interfere(event));
    this.client.on((event) => this.events.push(event));
    this.client.on((event) => {
      if (this.#dice.chance(0.2)) throw event;
    });
  }

  #options(): ClientOptions {
    const dice = this.#dice;
    return {
      clock: this.clock,
      random: seededRandom(dice.below(1e6)),
      fetch: this.#fetch,
      concurrency: this.semaphore,
      perOrigin: dice.chance(0.3) ? { concurrency: 1 + dice.below(2) } : undefined,
      timeoutMs: 200 + dice.below(1_000),
      idleTimeoutMs: dice.pick([undefined, 50, 2_000]),
      maxRetries: dice.below(3),
      backoff: { baseMs: 1 + dice.below(300), jitter: dice.pick(["full", "none"]) },
      circuitBreaker: dice.pick([undefined, false, { threshold: 2, cooldownMs: 100 }]),
      rateLimit: dice.pick([undefined, undefined, { limit: 10, intervalMs: 1_000, burst: 2 }]),
      baseUrls: HOSTS.map((host) => `https://${host}`),
      cache: dice.pick([
        undefined,
        undefined,
        planOf({
          adapter: this.#cache(),
          mode: dice.pick(["http", "ttl"]),
          ttlMs: 500,
          staleWhileRevalidateMs: dice.pick([0, 1_000]),
          staleIfErrorMs: dice.pick([0, 2_000]),
        }),
      ]),
    };
  }

  /** Creates a cache that fails, takes its time, or returns entries that were never stored. */
  #cache(): CacheAdapter {
    const dice = this.#dice;
    const memory = memoryCache();
    const interfere = (): Promise<void> | undefined => {
      const what = dice.below(8);
      if (what === 0) throw new Error("a cache that throws");
      if (what === 1) return Promise.reject(new Error("a cache that rejects"));
      if (what === 2) this.abortOne();
      return what === 3 ? new Promise((resolve) => this.clock.setTimeout(resolve, 200)) : undefined;
    };
    const after = <T>(call: () => T | Promise<T>): T | Promise<T> => interfere()?.then(call) ?? call();
    return {
      name: "fuzz",
      maxEntryBytes: 1e6,
      get: (key, options) => dice.chance(0.05) ? {} as never : after(() => memory.get(key, options)),
      set: (key, entry, options) => after(() => memory.set(key, entry, options)),
      delete: (key, options) => after(() => memory.delete(key, options)),
    };
  }

  /** Now and then ignores its signal, throws at once, or rejects with a value that is no error. */
  readonly #fetch = (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const dice = this.#dice;
    if (dice.chance(0.05)) {
      throw dice.pick<unknown>([new TypeError("at once"), undefined, "text", Object.freeze({})]);
    }
    if (dice.chance(0.05)) return Promise.reject(dice.pick([undefined, null, 0, "text", Object.freeze({})]));
    if (dice.chance(0.05)) return Promise.resolve(dice.pick(this.#strange()));
    if (dice.chance(0.15)) return this.network.fetch(input, { ...init, signal: null });
    return this.network.fetch(input, init);
  };

  /** Returns responses that a `fetch` should not resolve with. */
  #strange(): Response[] {
    const read = new Response("x");
    read.text();
    const locked = new Response("x");
    locked.body?.getReader();
    return [undefined, null, {}, "text", Response.error(), read, locked] as Response[];
  }

  #answer(): Answer {
    const dice = this.#dice;
    const pace = { afterMs: dice.below(300), bodyMs: dice.below(200) };
    if (dice.chance(0.4)) return { json: [1, 2], ...pace };
    return dice.pick<Answer>([
      { status: 500, body: "x".repeat(100_000), ...pace },
      { status: 503, headers: { "retry-after": `${dice.below(2)}` }, ...pace },
      { status: 429, headers: { "retry-after": dice.pick(["0", "1", "soon", "-1"]) }, ...pace },
      { status: 404, body: "nothing", ...pace },
      {
        status: 302,
        headers: { location: dice.pick(["/1", "https://b.test/2", "https://[", "request"]) },
        ...pace,
      },
      { status: 303, headers: { location: "/3" }, body: "elsewhere", ...pace },
      { status: 204, body: null, ...pace },
      { body: "", ...pace },
      { body: '[1,"', ...pace },
      { json: [1, 2, 3], breaksWith: new TypeError("cut"), ...pace },
      { error: new TypeError("reset"), ...pace },
      { json: [1], afterMs: LONG_MS },
      { json: [1], bodyMs: LONG_MS },
      { json: [1], deaf: true, afterMs: dice.pick([100, 3_000, LONG_MS]) },
    ]);
  }

  /** Makes a listener call the client. */
  #interfere({ type }: ClientEvent): void {
    const dice = this.#dice;
    if (this.#mischief === 0 || !dice.chance(0.15)) return;
    this.#mischief--;
    const what = dice.below(20);
    if (what === 19) this.client.close(dice.pick([undefined, "closed from within"])).catch(() => {});
    else if (what < 4) this.client.on(() => {})[Symbol.dispose]();
    else if (what < 8) this.call(`from within ${type}`);
    else if (what < 10) this.client.stats();
    else this.abortOne();
  }

  abortOne(): void {
    if (this.#controllers.length > 0) {
      this.#dice.pick(this.#controllers).abort(this.#dice.pick([undefined, {}, "enough"]));
    }
  }

  /** Calls one method of the client, in one of many ways. */
  call(place: string): void {
    const { client } = this;
    const dice = this.#dice;
    const options: RequestOptions = {
      signal: this.#signal(),
      schema: dice.chance(0.3) ? this.#schema() : undefined,
      totalTimeoutMs: dice.chance(0.2) ? 1 + dice.below(2_000) : undefined,
      priority: dice.pick([undefined, undefined, 1, -1]),
      onOpen: dice.pick([undefined, "fail", "wait"]),
    };
    const { signal } = options;
    const init: RequestInit = signal === undefined ? {} : { signal };
    const kinds: Readonly<Record<string, () => Promise<unknown>>> = {
      json: () => client.json(this.#url(), options),
      text: () => client.text({ url: this.#url(), timeoutMs: 100 + dice.below(500) }, options),
      post: () => client.json({ url: this.#url(), method: "POST", body: "x" }, options),
      read: () => client.fetch(this.#url(), init).then((response) => response.text()),
      unread: () => client.fetch(this.#url(), init),
      cancel: () => client.fetch(this.#url(), init).then((response) => response.body?.cancel()),
      request: () => client.fetch(this.#request(signal)).then((response) => response.bytes()),
      late: () => client.fetch(this.#url(), init).then((response) => this.#readLate(response)),
      clone: () => client.fetch(this.#url(), init).then((it) => Promise.all([it.clone().text(), it.text()])),
      pause: () => client.fetch(this.#url(), init).then((response) => this.#readWithPause(response)),
      settle: () => client.settle(this.#urls(), options),
      all: () => client.all(this.#source(), options),
      stream: () => readSome(client.stream(this.#source(), options), dice.below(8)),
      malformed: () =>
        dice.chance(0.5) ? client.fetch("https://", init) : client.json("ftp://a.test", options),
    };
    const name = dice.pick(Object.keys(kinds));
    const deed = { name: `${name} ${place}`, settled: 0 };
    this.deeds.push(deed);
    const settle = (): number => deed.settled++;
    kinds[name]!().then(settle, settle);
  }

  #request(signal: AbortSignal | undefined): Request {
    const url = `https://${this.#dice.pick(HOSTS)}/request`;
    const method = this.#dice.pick(["GET", "PUT", "POST"]);
    const body = method === "GET" ? null : "x".repeat(this.#dice.pick([0, 10, 2_000_000]));
    const redirect = this.#dice.pick(["follow", "manual", "error"] as const);
    return new Request(url, { method, body, redirect, ...(signal === undefined ? {} : { signal }) });
  }

  /** Reads a body that other callers may have waited for, or that was given up. */
  async #readLate(response: Response): Promise<void> {
    await new Promise<void>((resolve) => this.clock.setTimeout(resolve, this.#dice.below(2_000)));
    await response.text();
  }

  async #readWithPause({ body }: Response): Promise<void> {
    const reader = body?.getReader();
    await reader?.read();
    await new Promise<void>((resolve) => this.clock.setTimeout(resolve, 700));
    await reader?.cancel();
  }

  #url(): string {
    const path = this.#dice.below(10);
    return this.#dice.chance(0.5) ? `${path}` : `https://${this.#dice.pick(HOSTS)}/${path}`;
  }

  #urls(): FetchRequest[] {
    return Array.from({ length: this.#dice.below(8) }, () => this.#url());
  }

  /** Creates a source whose requests come at once, late, or with an error. */
  #source(): Iterable<FetchRequest> | AsyncIterable<FetchRequest> {
    const urls = this.#urls();
    const way = this.#dice.below(4);
    const { clock } = this;
    if (way < 2) return urls;
    return (async function* () {
      for (const url of urls) {
        await new Promise<void>((resolve) => clock.setTimeout(resolve, 50));
        yield url;
      }
      if (way === 3) throw new Error("no more");
    })();
  }

  /** Draws no signal, a new one, one that other calls have, or seldom one that has aborted. */
  #signal(): AbortSignal | undefined {
    const dice = this.#dice;
    const mayBeAborted = dice.chance(0.1);
    const shared = this.#controllers.filter(({ signal }) => mayBeAborted || !signal.aborted);
    if (dice.chance(0.5)) return undefined;
    if (shared.length > 0 && dice.chance(0.5)) return dice.pick(shared).signal;
    const controller = new AbortController();
    this.#controllers.push(controller);
    this.#listeners.push(countAbortListeners(controller.signal));
    return controller.signal;
  }

  /** Creates a schema that throws, rejects, refuses, or does something else on the way. */
  #schema(): StandardSchemaV1 {
    const dice = this.#dice;
    const ways: StandardSchemaV1["~standard"]["validate"][] = [
      () => {
        throw new Error("a schema that throws");
      },
      () => Promise.reject(new Error("a schema that rejects")),
      () => ({ issues: [{ message: "never" }] }),
      (value) => {
        this.abortOne();
        return { value };
      },
      async (value) => {
        await new Promise<void>((resolve) => this.clock.setTimeout(resolve, 100));
        return { value };
      },
    ];
    return { "~standard": { version: 1, vendor: "fuzz", validate: dice.pick(ways) } };
  }

  /** Checks that all work has ended once, and that nothing is left behind. */
  check(): void {
    const unsettled = this.deeds.filter(({ settled }) => settled !== 1).map(({ name }) => name);
    assertEquals(unsettled, [], "these have not settled once");
    const { inFlight, queued, requests, succeeded, failed } = this.client.stats();
    assertEquals([inFlight, queued, succeeded + failed], [0, 0, requests], "inFlight, queued, settled");
    assertEquals([this.semaphore.inUse, this.clock.pending], [0, 0], "permits and timers");
    assertEquals(this.#listeners.filter(({ now }) => now !== 0).length, 0, "signals with listeners");
    assertEquals(oddRequests(this.events), [], "requests without one 'queued' and one 'settled'");
  }
}

/** Returns the requests whose events do not begin once and end once. */
function oddRequests(events: readonly ClientEvent[]): string[] {
  const ways = new Map<number, string[]>();
  for (const event of events) {
    if (event.type !== "queued" && event.type !== "settled") continue;
    ways.set(event.requestId, [...(ways.get(event.requestId) ?? []), event.type]);
  }
  return [...ways].map(([id, way]) => `${id}: ${way.join()}`).filter((way) =>
    !way.endsWith(": queued,settled")
  );
}

/** Takes some outcomes of a batch, and leaves the loop. */
async function readSome(outcomes: AsyncIterable<unknown>, count: number): Promise<void> {
  let taken = 0;
  for await (const _ of outcomes) if (++taken > count) break;
}

/** Runs one seed, and returns what went wrong, if anything. */
async function failureOf(seed: number, listens: boolean): Promise<string | undefined> {
  const ordeal = new Ordeal(seed, listens);
  const { clock, client } = ordeal;
  const dice = new Dice(seed + 1e6);
  const closesAt = dice.chance(0.3) ? dice.below(STEPS) : STEPS;
  try {
    for (let step = 0; step < STEPS; step++) {
      if (step === closesAt) client.close(dice.pick([undefined, "closed"])).catch(() => {});
      for (let count = dice.below(4); count >= 0; count--) ordeal.call(`at step ${step}`);
      await clock.advance(dice.below(400));
      if (dice.chance(0.2)) ordeal.abortOne();
    }
    await clock.advance(FOR_EVER_MS);
    ordeal.check();
    await client.close();
    await clock.advance(FOR_EVER_MS);
    ordeal.check();
    return undefined;
  } catch (error) { // report this seed, and run the others
    return `seed ${seed}: ${error instanceof Error ? error.message : error}`;
  }
}

const testBothWays = bothWays((listens) => (seed: number) => failureOf(seed, listens));

testBothWays(
  "createClient(): hostile callers, listeners, schemas and servers leave nothing behind",
  async (failureOf) => {
    const seeds = ONLY === undefined ? Array.from({ length: SEEDS }, (_, seed) => seed) : [ONLY];
    const failures: string[] = [];
    for (const seed of seeds) failures.push(...[await failureOf(seed) ?? []].flat());
    assertEquals(failures, []);
  },
);

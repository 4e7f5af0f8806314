import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { type ClientOptions, createClient } from "../../mod.ts";
import { Semaphore, TokenBucket } from "../../src/primitives/mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { type Answer, FakeNetwork, type SentRequest } from "../client/fake_network.ts";
import { bothWays } from "../policies/both_ways.ts";
import { Dice } from "../support/dice.ts";

const HOSTS = ["a.test", "b.test", "c.test"];

function answerOf(dice: Dice, share: number): Answer {
  const pace = dice.chance(0.3) ? {} : { afterMs: dice.below(300) };
  if (!dice.chance(share)) {
    return { json: [1, 2], ...pace, ...(dice.chance(0.5) ? { bodyMs: dice.below(200) } : {}) };
  }

  return dice.pick<Answer>([
    { status: 503, body: "busy", ...pace },
    { status: 503, headers: { "retry-after": "1" }, ...pace },
    { status: 429, ...pace },
    { status: 429, headers: { "retry-after": `${dice.below(3)}` }, ...pace },
    { status: 500, body: "x".repeat(200_000), bodyMs: 1_000, ...pace },
    { status: 404, body: "nothing", ...pace },
    { error: new TypeError("reset"), ...pace },
    { body: '[1,"', ...pace },
    { body: "<html>", ...pace },
    { json: [1, 2, 3], breaksWith: new TypeError("cut"), bodyMs: 20, ...pace },
    { json: [1], afterMs: 1e6 },
    { json: [1, 2, 3], bodyMs: 1e6, ...pace },
    { status: 204, body: null, ...pace },
    // The delay is shorter than the time after which the client would give the permit to others.
    { json: [1], deaf: true, afterMs: dice.below(400) },
  ]);
}

function optionsOf(dice: Dice, clock: ManualClock, semaphore: Semaphore): ClientOptions {
  return {
    clock,
    random: seededRandom(dice.below(1e6)),
    concurrency: semaphore,
    perOrigin: dice.chance(0.3) ? { concurrency: 1 + dice.below(3) } : undefined,
    timeoutMs: 500 + dice.below(1_500),
    maxRetries: dice.below(4),
    maxWaiting: dice.pick([undefined, 1, 3]),
    backoff: { baseMs: 10 + dice.below(500), jitter: dice.pick(["full", "none", undefined]) },
    circuitBreaker: dice.pick<ClientOptions["circuitBreaker"]>([
      undefined,
      false,
      { threshold: 2, cooldownMs: 100 },
      { threshold: 3, patienceMs: 2_000 },
      { minimumRequests: 3, onOpen: "wait", patienceMs: 3_000 },
    ]),
    retryBudget: dice.pick<ClientOptions["retryBudget"]>([undefined, false, {
      ratio: 0.1,
      minPerSecond: 0.2,
    }]),
    rateLimit: dice.pick<ClientOptions["rateLimit"]>([
      undefined,
      undefined,
      { limit: 20, intervalMs: 1_000 },
      { limit: 10, intervalMs: 1_000, per: "origin" },
      new TokenBucket({ limit: 30, intervalMs: 1_000, burst: 2, clock }),
    ]),
    pauseOn429: dice.pick(["origin", "request"]),
    baseUrls: dice.chance(0.5) ? [`https://${HOSTS[0]}`, `https://${HOSTS[1]}`] : [`https://${HOSTS[2]}`],
  };
}

/** Reads some outcomes of a batch, and then leaves the stream. */
async function readSome(outcomes: AsyncIterable<unknown>, count: number): Promise<void> {
  let taken = 0;
  for await (const _ of outcomes) if (++taken >= count) break;
}

/** The record of one call: how often it settled, the reason of its abort, and the error that it got. */
interface Deed {
  settled: number;
  abortedWith?: object;
  toldWith?: unknown;
}

const testBothWays = bothWays((listens) => (seed: number, world: World = {}) => ordeal(seed, listens, world));

/** The settings that may differ between ordeals. */
interface World {
  /** The time of the clock at the start, in milliseconds. */
  readonly nowMs?: number;
  readonly options?: ClientOptions;
}

/**
 * Uses all features of a client at once, against a network that fails often and then recovers.
 *
 * @returns The sent requests, with their times since the start.
 */
async function ordeal(
  seed: number,
  listens: boolean,
  { nowMs = 0, options: more }: World,
): Promise<string[]> {
  const dice = new Dice(seed);
  const clock = new ManualClock({ nowMs });
  const capacity = 1 + dice.below(6);
  const semaphore = new Semaphore(capacity);
  let share = dice.pick([0.1, 0.5, 0.9]);
  const network = new FakeNetwork(clock, (_: SentRequest) => answerOf(dice, share));
  const client = createClient({ ...optionsOf(dice, clock, semaphore), ...more, fetch: network.fetch });
  if (listens) client.on(() => {});
  const deeds: Deed[] = [];
  const watch = (promise: Promise<unknown>, deed: Deed): void => {
    deeds.push(deed);
    promise.then(() => deed.settled++, (error) => {
      deed.settled++;
      deed.toldWith = error;
    });
  };
  const url = () => dice.chance(0.3) ? `x/${dice.below(5)}` : `https://${dice.pick(HOSTS)}/${dice.below(40)}`;
  const urls = () => Array.from({ length: dice.below(25) }, url);
  const run = async (): Promise<void> => {
    const deed: Deed = { settled: 0 };
    const controller = new AbortController();
    const signal = dice.chance(0.4) ? controller.signal : undefined;
    const totalTimeoutMs = dice.chance(0.2) ? dice.below(3_000) + 1 : undefined;
    const priority = dice.pick([undefined, undefined, 1, -1]);
    const options = { signal, totalTimeoutMs, priority };
    const kinds: readonly (() => Promise<unknown>)[] = [
      () => client.json(url(), options),
      () => client.text({ url: url(), timeoutMs: 400 + dice.below(900) }, options),
      () => client.json({ url: url(), method: "POST", body: "x" }, options),
      () => client.fetch(url(), signal && { signal }).then((response) => response.text()),
      () => client.settle(urls(), { ...options, concurrency: dice.pick([undefined, 1, 3]) }),
      () => client.all(urls(), options),
      () => readSome(client.stream(urls(), { ...options, ordered: dice.chance(0.5) }), dice.below(20)),
    ];
    const kind = dice.below(kinds.length);
    watch(kinds[kind]!(), deed);
    await clock.advance(dice.below(200));
    if (signal === undefined || deed.settled > 0) return;
    const reason = {};
    controller.abort(reason);
    // The call must settle at once, before any time passes.
    await clock.advance(0);
    assertEquals(deed.settled, 1, `seed ${seed}: an abort of kind ${kind} was not answered`);
    assertStrictEquals(deed.toldWith, reason, `seed ${seed}, kind ${kind}`);
  };
  for (let step = 0; step < 40; step++) await run();
  await clock.advance(600_000);
  assertEquals(deeds.filter(({ settled }) => settled !== 1).length, 0, `seed ${seed}: some wait for ever`);
  const check = (): void => {
    const { inFlight, queued, requests, succeeded, failed } = client.stats();
    assertEquals([inFlight, queued, succeeded + failed], [0, 0, requests], `seed ${seed}`);
    assertEquals([semaphore.inUse, network.open, clock.pending], [0, 0, 0], `seed ${seed}`);
    assert(network.peak <= capacity, `seed ${seed}: ${network.peak} of ${capacity}`);
  };
  check();

  // The network has recovered, and nothing that is left behind may block new requests.
  share = 0;
  for (const host of HOSTS) await clock.run(client.json(`https://${host}/again`).catch(() => {}));
  await clock.advance(120_000);
  for (const host of HOSTS) {
    assertEquals(await clock.run(client.json(`https://${host}/well`)), [1, 2], `${seed}`);
  }
  const outcomes = await clock.run(
    client.settle(Array.from({ length: 30 }, (_, n) => `https://b.test/well/${n}`)),
  );
  assertEquals(outcomes.filter(({ ok }) => !ok).length, 0, `seed ${seed}`);
  await clock.advance(1_000);
  check();

  // A client that is closed in the middle of its work must leave nothing behind either.
  share = 0.5;
  const last: Deed[] = [];
  for (let step = 0; step < 10; step++) {
    const deed: Deed = { settled: 0 };
    last.push(deed);
    watch(dice.chance(0.5) ? client.settle(urls()) : client.json(url()), deed);
  }
  await clock.advance(dice.below(300));
  await clock.run(client.close(new Error("the end")));
  await clock.advance(0);
  assertEquals(last.filter(({ settled }) => settled !== 1).length, 0, `seed ${seed}: close() has left some`);
  assertEquals([semaphore.inUse, network.open, client.stats().inFlight], [0, 0, 0], `seed ${seed}`);
  await clock.advance(1_000);
  assertEquals(clock.pending, 0, `seed ${seed}`);
  return network.sent.map(({ method, url, atMs }) => `${method} ${url} ${Math.round(atMs - nowMs)}`);
}

testBothWays(
  "everything × everything: all are answered once, whatever happens, and nothing is left behind",
  async (ordeal) => {
    for (let seed = 0; seed < 150; seed++) await ordeal(seed);
  },
);

/** Options whose delays are whole milliseconds: at a late start time, fractions would be rounded. */
const WHOLE = {
  backoff: { baseMs: 100, jitter: "none" },
  rateLimit: { limit: 20, intervalMs: 1_000 },
} as const;

/** The start times of the clock, each with the options of the client. */
const WORLDS: readonly (readonly [nowMs: number, options: ClientOptions])[] = [
  [2 ** 20, WHOLE],
  [2 ** 20, { ...WHOLE, rateLimit: undefined, hedge: { afterMs: 40, maxExtraRatio: 0.5 } }],
  // The delays of this hedging are fractions, so the start time is small.
  [1_000, { ...WHOLE, hedge: { percentile: 0.8, minimumSamples: 5, maxExtraRatio: 0.5, to: "nextMirror" } }],
  [2 ** 20, { ...WHOLE, rateLimit: undefined, perOrigin: { concurrency: { min: 1 } } }],
];

testBothWays(
  "everything × clock: the same is sent at the same moments, whatever the clock says at first",
  async (ordeal) => {
    for (let seed = 0; seed < 16; seed++) {
      const [nowMs, options] = WORLDS[seed % WORLDS.length]!;
      const early = await ordeal(seed, { options });
      assertEquals(await ordeal(seed, { options, nowMs }), early, `seed ${seed}`);
    }
  },
);

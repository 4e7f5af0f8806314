import { assertEquals } from "@std/assert";
import type { Client, ClientOptions } from "../../mod.ts";
import { testClientsBothWays } from "../client/fake_client.ts";
import type { Answer, SentRequest } from "../client/fake_network.ts";
import { LosingClock } from "../support/losing_clock.ts";

const testBothWays = testClientsBothWays();

/** Answers by the path: `/503` fails, `/once` fails the first time, and `/hang` never answers. */
function answer({ url, nth }: SentRequest): Answer {
  if (url.includes("/hang")) return { gate: new Promise(() => {}) };
  return { status: url.includes("/503") || (url.includes("/once") && nth === 1) ? 503 : 200, json: 1 };
}

/** What one test leaves unfinished when its fake timers end, and what the next one asks of the same client. */
interface Scene {
  readonly options?: ClientOptions;
  readonly left: (client: Client) => Promise<unknown>;
  readonly asked: (client: Client) => Promise<unknown>;
  /** How long that takes, in milliseconds. */
  readonly ms: number;
}

const RATE = { limit: 1, intervalMs: 500, burst: 1 };
const backoff = { baseMs: 100, jitter: "none", factor: 1 } as const;

function threeOf(client: Client): Promise<unknown> {
  return client.settle(["https://a.test/1", "https://a.test/2", "https://a.test/3"]);
}

const SCENES: Record<string, Scene> = {
  "a backoff × a retry": {
    options: { backoff },
    left: (client) => client.json("https://a.test/503"),
    asked: (client) => client.json("https://a.test/once"),
    ms: 100,
  },
  "a timeout × a request that hangs": {
    options: { maxRetries: 0 },
    left: (client) => client.json("https://a.test/hang/1", { timeoutMs: 300 }),
    asked: (client) => client.json("https://a.test/hang/2", { timeoutMs: 1_000 }),
    ms: 1_000,
  },
  "a backoff × the same request": {
    options: { backoff },
    left: (client) => client.json("https://a.test/once"),
    asked: (client) => client.json("https://a.test/once"),
    ms: 0,
  },
  "a timeout × the same request": {
    options: { maxRetries: 0, timeoutMs: 300 },
    left: (client) => client.json("https://a.test/hang"),
    asked: (client) => client.json("https://a.test/hang"),
    // The client can't tell lost timers from a program that was busy until now, after which an answer may wait unread.
    ms: 300,
  },
  "a timeout × a request without a permit": {
    options: { maxRetries: 0, timeoutMs: 300, concurrency: 1 },
    left: (client) => client.json("https://a.test/hang"),
    asked: (client) => client.json("https://a.test/x"),
    ms: 300,
  },
  "a look whether the origin answers × a request that hangs": {
    options: { maxRetries: 0, timeoutMs: 20_000 },
    left: (client) => client.json("https://a.test/hang/1"),
    asked: (client) => client.json("https://a.test/hang/2"),
    ms: 20_000,
  },
  "a second attempt that is due × a request that hangs": {
    options: { hedge: { afterMs: 100 }, maxRetries: 0, timeoutMs: 20_000 },
    left: (client) => client.json("https://a.test/hang/1"),
    asked: (client) => client.json("https://a.test/hang/2"),
    // The second attempt of the first request comes before that of this one, which has to wait for the budget.
    ms: 30_300,
  },
  "a client's rate × a request": {
    options: { rateLimit: RATE },
    left: threeOf,
    asked: (client) => client.json("https://a.test/x"),
    ms: 500,
  },
  "a client's rate × a batch": {
    options: { rateLimit: RATE },
    left: threeOf,
    asked: (client) => client.settle(["https://a.test/x"]),
    ms: 1_000,
  },
  "several rates × a request": {
    options: { rateLimit: [RATE, { limit: 10, intervalMs: 500, burst: 1 }] },
    left: threeOf,
    asked: (client) => client.json("https://a.test/x"),
    ms: 500,
  },
  "an origin's rate × a request": {
    options: { rateLimit: { ...RATE, per: "origin" } },
    left: threeOf,
    asked: (client) => client.json("https://a.test/x"),
    ms: 1_000,
  },
  "a key's rate × a request": {
    options: { rateLimit: { ...RATE, per: "key" }, limitKey: () => "k" },
    left: threeOf,
    asked: (client) => client.json("https://a.test/x"),
    ms: 1_000,
  },
};

for (const [name, { options = {}, left, asked, ms }] of Object.entries(SCENES)) {
  testBothWays(`a client outlives fake timers that end under it: ${name}`, async (setUp) => {
    const clock = new LosingClock();
    const { client } = setUp(answer, { ...options, clock });
    clock.isLosing = true;
    left(client).catch(() => {});
    await clock.advance(0);
    clock.isLosing = false;
    await clock.advance(10_000);
    await clock.run(asked(client).catch(() => {}));
    assertEquals(Math.round(clock.now() / 10) * 10, 10_000 + ms);
    client.close().catch(() => {});
  });
}

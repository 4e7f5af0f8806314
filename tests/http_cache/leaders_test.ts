import { assertEquals, assertStrictEquals } from "@std/assert";
import type { CacheEntry } from "../../src/cache/cache.ts";
import { InvalidDataError, NetworkError } from "../../src/errors.ts";
import { Leaders } from "../../src/http_cache/leaders.ts";
import type { OnStored, Wanted } from "../../src/http_cache/wanted.ts";
import type { Call } from "../../src/policies/call.ts";
import { Reply } from "../../src/policies/reply.ts";
import type { Settings } from "../../src/policies/settings.ts";
import { watch } from "../support/settled.ts";
import { test } from "../support/test.ts";
import { callWith, type Parts, PARTS_URL, partsWith, requestOf, responseOf } from "./parts.ts";

/** A request that a leader has sent, and that the test ends. */
interface Sent {
  readonly call: Call;
  readonly wanted: Wanted;
  readonly onStored: OnStored;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
}

function leadersWith(parts: Parts): { readonly leaders: Leaders; readonly sent: Sent[] } {
  const sent: Sent[] = [];
  const fetch = (call: Call, wanted: Wanted, onStored: OnStored) => {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    sent.push({ call, wanted, onStored, resolve, reject });
    return promise;
  };
  return { leaders: new Leaders({ ...parts, fetch }), sent };
}

function replyOf(body: string, status = 200): Reply {
  const head = { status, headers: new Headers(), url: PARTS_URL };
  return new Reply(head, { from: "network", body: new TextEncoder().encode(body) });
}

function entryOf(parts: Parts, body: string, cacheControl: string): CacheEntry {
  const plan = parts.entries.plan(
    requestOf(),
    responseOf(parts, { "cache-control": cacheControl, etag: '"1"' }),
  );
  return { meta: plan!.meta, body: new TextEncoder().encode(body) };
}

const WANTED: Wanted = { request: requestOf(), found: undefined, foundAt: 0, mayReplace: false };

/** Makes calls follow the same leader, each with settings of its own. */
function followAll(leaders: Leaders, settings: readonly Partial<Settings>[], key = "key"): {
  readonly calls: Call[];
  readonly watched: ReturnType<typeof watch<Reply>>[];
} {
  const calls = settings.map((own) => callWith({ settings: own }));
  return { calls, watched: calls.map((call) => watch(leaders.follow(call, WANTED, key))) };
}

const FAILURE = new NetworkError("reset", { url: PARTS_URL, method: "GET", attempts: 1 });
const NO_SETTINGS: readonly Partial<Settings>[] = Array.from({ length: 20 }, () => ({}));

test("Leaders.follow() gives all followers the entry that the leader stores, and sends a new request for later calls", async () => {
  const parts = partsWith();
  const { leaders, sent } = leadersWith(parts);
  const { watched } = followAll(leaders, NO_SETTINGS);
  followAll(leaders, [{}], "another");
  assertEquals(sent.length, 2);
  sent[0]!.onStored(entryOf(parts, "1", "max-age=60"), 0);
  sent[0]!.resolve(replyOf("1"));
  await parts.clock.advance(0);
  assertEquals(watched.map(({ value }) => [value?.from, value?.from === "shared" && value.value]), [
    ["network", false],
    ...Array(19).fill(["shared", 1]),
  ]);
  followAll(leaders, [{}]);
  assertEquals(sent.length, 3);
});

for (
  const [what, end] of [
    ["failed", ({ reject }: Sent) => reject(FAILURE)],
    ["got a 503", ({ resolve }: Sent) => resolve(replyOf("busy", 503))],
    ["got what may not be stored", ({ resolve }: Sent) => resolve(replyOf("1"))],
  ] as const
) {
  test(`Leaders.follow() makes one follower send the next request after the first ${what}, whose answer all others take`, async () => {
    const parts = partsWith();
    const { leaders, sent } = leadersWith(parts);
    const { calls, watched } = followAll(leaders, NO_SETTINGS);
    end(sent[0]!);
    await parts.clock.advance(0);
    assertEquals([sent.length, watched.filter(({ state }) => state === "pending").length], [2, 19]);
    calls[1]!.attempts = 3;
    end(sent[1]!);
    await parts.clock.advance(0);
    assertEquals([sent.length, watched.filter(({ state }) => state === "pending").length], [2, 0]);
    for (const { state, value, error } of watched.slice(2)) {
      if (state === "rejected") assertStrictEquals(error, FAILURE);
      else assertEquals([value!.from, value!.status], ["shared", watched[0]!.value!.status]);
    }
    assertEquals(calls[5]!.attempts, 3);
  });
}

test("Leaders.follow() makes the most patient call send the next request, so that no call waits for failure after failure", async () => {
  const parts = partsWith();
  const { leaders, sent } = leadersWith(parts);
  const settings = [1, 2, 3, 4, 5].flatMap((seconds) => [
    { timeoutMs: seconds * 1_000, maxRetries: 0 },
    { timeoutMs: seconds * 1_000, maxRetries: 2 },
  ]);
  const { calls, watched } = followAll(leaders, settings);
  sent[0]!.reject(FAILURE);
  await parts.clock.advance(0);
  assertStrictEquals(sent[1]!.call, calls[9]!);
  sent[1]!.reject(FAILURE);
  await parts.clock.advance(0);
  assertEquals([sent.length, watched.every(({ error }) => error === FAILURE)], [2, true]);
});

test("Leaders.follow() makes a call that tries harder send the next request after a failure, and others take the failure", async () => {
  const parts = partsWith();
  const { leaders, sent } = leadersWith(parts);
  // Neither of the next two calls tries everything that the other one tries.
  const { calls, watched } = followAll(leaders, [
    {},
    { timeoutMs: 60_000, maxRetries: 0 },
    { timeoutMs: 1_000, maxRetries: 5 },
    { timeoutMs: 1_000, maxRetries: 0 },
  ]);
  sent[0]!.reject(FAILURE);
  await parts.clock.advance(0);
  assertStrictEquals(sent[1]!.call, calls[1]!);
  sent[1]!.resolve(replyOf("busy", 503));
  await parts.clock.advance(0);
  assertEquals([sent.length, watched.map(({ state }) => state)], [3, [
    "rejected",
    "fulfilled",
    "pending",
    "fulfilled",
  ]]);
  assertStrictEquals(sent[2]!.call, calls[2]!);
});

test("Leaders.follow() sends one request for all calls that can't wait for a more patient leader", async () => {
  const parts = partsWith();
  const { leaders, sent } = leadersWith(parts);
  const timeouts = [60_000, ...Array.from({ length: 20 }, (_, index) => 10_000 - index * 10)];
  const { watched } = followAll(leaders, timeouts.map((timeoutMs) => ({ timeoutMs })));
  await parts.clock.advance(9_809);
  assertEquals(sent.length, 1);
  await parts.clock.advance(60_000);
  assertEquals(sent.map(({ call }) => call.settings.timeoutMs), [60_000, 9_810]);
  sent[1]!.onStored(entryOf(parts, "2", "max-age=60"), 0);
  sent[1]!.resolve(replyOf("2"));
  await parts.clock.advance(0);
  assertEquals(watched.map(({ state }) => state), ["pending", ...Array(20).fill("fulfilled")]);
  sent[0]!.resolve(replyOf("1"));
  await parts.clock.advance(0);
  assertEquals([watched[0]!.state, parts.clock.pending], ["fulfilled", 0]);
});

test("Leaders.follow() sends the next request with the stored response, if that must be validated", async () => {
  const parts = partsWith();
  const { leaders, sent } = leadersWith(parts);
  const { watched } = followAll(leaders, NO_SETTINGS);
  const entry = entryOf(parts, "1", "no-cache");
  sent[0]!.onStored(entry, 7);
  sent[0]!.resolve(replyOf("1"));
  await parts.clock.advance(0);
  // The next leader may replace the entry that the first one has stored.
  const { found, foundAt, mayReplace } = sent[1]!.wanted;
  assertEquals([sent.length, found, foundAt, mayReplace], [2, entry, 7, true]);
  sent[1]!.onStored(entry, 0);
  sent[1]!.resolve(replyOf("1"));
  await parts.clock.advance(0);
  assertEquals([sent.length, watched.every(({ state }) => state === "fulfilled")], [2, true]);
});

test("Leaders.follow() × Vary × maxBodyBytes: a call that can't use the stored response does not validate it either", async () => {
  const parts = partsWith();
  const { leaders, sent } = leadersWith(parts);
  const entry = entryOf(parts, "123", "no-cache, stale-if-error=60");
  const json = requestOf({ accept: "application/json" });
  const plan = parts.entries.plan(
    json,
    responseOf(parts, { "cache-control": "max-age=60, stale-if-error=60", vary: "accept" }),
  )!;
  const variant: CacheEntry = { meta: plan.meta, body: new TextEncoder().encode("1") };
  for (const [stored, settings] of [[entry, { maxBodyBytes: 2 }], [variant, {}]] as const) {
    followAll(leaders, [{}, settings], stored.meta.key);
    const [first] = sent.splice(0);
    first!.onStored(stored, 0);
    first!.resolve(replyOf("1"));
    await parts.clock.advance(0);
    const [second] = sent.splice(0);
    assertEquals([second!.wanted.found, second!.wanted.mayReplace], [undefined, false]);
  }
});

test("Leaders.follow() makes another call lead when a leader leaves, and leaves no timer of calls that leave", async () => {
  const parts = partsWith();
  const { leaders, sent } = leadersWith(parts);
  const { calls, watched } = followAll(leaders, [{ timeoutMs: 5_000 }, { timeoutMs: 1_000 }, {
    timeoutMs: 500,
  }]);
  calls[1]!.cancel("enough");
  await parts.clock.advance(0);
  assertEquals([watched[1]!.error, sent.length], ["enough", 1]);
  calls[0]!.cancel("enough");
  sent[0]!.reject("enough");
  await parts.clock.advance(0);
  assertEquals([watched[0]!.error, sent.length, parts.clock.pending], ["enough", 2, 0]);
  assertStrictEquals(sent[1]!.call, calls[2]!);
});

test("Leaders.follow() does not make a call that stores its answer wait for one that does not", () => {
  const { leaders, sent } = leadersWith(partsWith());
  followAll(leaders, [{ writeCache: false }, { writeCache: true }, { writeCache: false }, {
    writeCache: true,
  }]);
  assertEquals(sent.map(({ call }) => call.settings.writeCache), [false, true]);
});

test("Leaders.follow() makes a second call wait for the body of an error, which may be stored", async () => {
  const parts = partsWith();
  const { leaders, sent } = leadersWith(parts);
  const { promise, resolve } = Promise.withResolvers<CacheEntry | undefined>();
  const first = followAll(leaders, [{}]);
  sent[0]!.onStored(promise, 0);
  sent[0]!.resolve(replyOf("gone", 404));
  await parts.clock.advance(0);
  const second = followAll(leaders, [{}]);
  assertEquals([first.watched[0]!.state, second.watched[0]!.state, sent.length], ["fulfilled", "pending", 1]);
  resolve(entryOf(parts, "0", "max-age=60"));
  await parts.clock.advance(0);
  assertEquals([second.watched[0]!.value?.from, sent.length], ["shared", 1]);
});

test("Leaders.follow() shares invalid JSON with calls for JSON, and a schema's refusal with no call", async () => {
  for (
    const [reason, requests] of [["not-json", 3], ["truncated", 3], ["schema", 4], ["too-large", 4]] as const
  ) {
    const parts = partsWith();
    const { leaders, sent } = leadersWith(parts);
    const error = new InvalidDataError("bad", { url: PARTS_URL, reason });
    followAll(leaders, [{ as: "json" }, { as: "json" }, { as: "json" }, { as: "text" }]);
    for (let n = 0; n < requests; n++) {
      sent[n]!.reject(error);
      await parts.clock.advance(0);
    }
    assertEquals(sent.length, requests, reason);
  }
});

test("Leaders.forget() makes calls after a change wait for no request from before it", () => {
  const { leaders, sent } = leadersWith(partsWith());
  followAll(leaders, [{}]);
  leaders.forget("https://a.test/other");
  followAll(leaders, [{}]);
  assertEquals(sent.length, 1);
  leaders.forget(PARTS_URL);
  followAll(leaders, [{}, {}]);
  assertEquals(sent.length, 2);
  sent[1]!.call.journey.redirectedTo = [{ method: "GET", url: "https://a.test/other#part" }];
  leaders.forget("https://a.test/other");
  followAll(leaders, [{}, {}]);
  assertEquals(sent.length, 3);
});

test("Leaders.follow() does not wait for a call that may have ended with its incoming request, however alike they are", async () => {
  const parts = partsWith();
  const environment = { ...parts.environment, timersBelongToRequests: true };
  const { leaders, sent } = leadersWith({ ...parts, environment });
  followAll(leaders, [{ timeoutMs: 1_000 }]);
  await parts.clock.advance(600);
  // The first call has been under way for as long as an attempt may take. Later calls do not begin to wait.
  const { watched } = followAll(leaders, [{ timeoutMs: 1_000 }, { timeoutMs: 1_000 }]);
  await parts.clock.advance(399);
  assertEquals(sent.length, 1);
  await parts.clock.advance(1);
  assertEquals(sent.length, 2);
  sent[1]!.onStored(entryOf(parts, "2", "max-age=60"), 0);
  sent[1]!.resolve(replyOf("2"));
  await parts.clock.advance(0);
  assertEquals(watched.map(({ value }) => value?.from), ["network", "shared"]);
});

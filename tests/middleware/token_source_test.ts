import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { assertToken, TokenSource, type TokenSourceOptions } from "../../src/middleware/token_source.ts";
import type { Clock } from "../../src/primitives/clock.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";

const { signal } = new AbortController();
const input = {
  response: new Response(null, { status: 401 }),
  url: "https://a.test/",
  fetch: () => Promise.reject(new Error("not asked")),
};

function source(options: Partial<TokenSourceOptions> = {}): { tokens: TokenSource; clock: ManualClock } {
  const tokens = new TokenSource({
    ask: () => "a",
    refresh: () => "b",
    refreshTimeoutMs: 1_000,
    refreshIntervalMs: 1_000,
    onRefreshFailure: () => {},
    ...options,
  });
  return { tokens, clock: new ManualClock() };
}

test("TokenSource.present() keeps giving the new token while the user keeps giving the old one", async () => {
  const { tokens, clock } = source();
  assertEquals(await tokens.present({ clock, signal }), "a");
  assertEquals(await tokens.renewed("a", input, { clock, signal }), "b");
  assertEquals(await tokens.present({ clock, signal }), "b");
});

test("TokenSource.present() accepts a new token from the user, also after a refresh", async () => {
  let own: string | undefined = "a";
  const { tokens, clock } = source({ ask: () => own });
  await tokens.present({ clock, signal });
  await tokens.renewed("a", input, { clock, signal });
  for (const next of ["b", "c", undefined, "a"]) {
    own = next;
    assertEquals(await tokens.present({ clock, signal }), next);
  }
});

test("TokenSource.present() ignores an earlier call's answer that comes later", async () => {
  const slow = Promise.withResolvers<string>();
  const answers = [Promise.resolve("a"), slow.promise, Promise.resolve("c")];
  const { tokens, clock } = source({ ask: () => answers.shift()! });
  assertEquals(await tokens.present({ clock, signal }), "a");
  const late = tokens.present({ clock, signal });
  assertEquals(await tokens.present({ clock, signal }), "c");
  slow.resolve("b");
  assertEquals(await late, "c");
});

test("TokenSource.renewed() uses a newer token of the user, and does not refresh", async () => {
  let own = "a";
  let refreshes = 0;
  const { tokens, clock } = source({ ask: () => own, refresh: () => `r${++refreshes}` });
  await tokens.present({ clock, signal });
  own = "b";
  assertEquals(await tokens.renewed("a", input, { clock, signal }), "b");
  assertEquals(refreshes, 0);
});

test("TokenSource.renewed() does not replace a token that the user has given during the refresh", async () => {
  let own = "a";
  const answer = Promise.withResolvers<string>();
  const { tokens, clock } = source({ ask: () => own, refresh: () => answer.promise });
  await tokens.present({ clock, signal });
  const renewed = tokens.renewed("a", input, { clock, signal });
  own = "user";
  assertEquals(await tokens.present({ clock, signal }), "user");
  answer.resolve("b");
  assertEquals(await renewed, "user");
});

test("TokenSource.renewed() logs in when there was no token", async () => {
  const seen: unknown[] = [];
  const { tokens, clock } = source({
    ask: () => undefined,
    refresh: ({ token }) => {
      seen.push(token);
      return "b";
    },
  });
  assertEquals(await tokens.present({ clock, signal }), undefined);
  assertEquals(await tokens.renewed(undefined, input, { clock, signal }), "b");
  assertEquals(await tokens.present({ clock, signal }), "b");
  assertEquals(seen, [undefined]);
});

test("TokenSource.renewed() leaves no timer behind, and waits for any time if told so", async () => {
  const { tokens, clock } = source();
  await tokens.present({ clock, signal });
  await tokens.renewed("a", input, { clock, signal });
  assertEquals(clock.pending, 0);
  const endless = source({ refreshTimeoutMs: Infinity, refresh: () => new Promise<string>(() => {}) });
  await endless.tokens.present({ clock: endless.clock, signal });
  const controller = new AbortController();
  const waiting = endless.tokens.renewed("a", input, { clock: endless.clock, signal: controller.signal });
  await endless.clock.advance(1);
  assertEquals(endless.clock.pending, 0);
  const reason = new Error("left");
  controller.abort(reason);
  assertStrictEquals(await waiting.catch((error) => error), reason);
});

/** A refresh whose request has died: it never ends, and its timers never fire. */
async function afterDeath() {
  let refreshes = 0;
  const { tokens, clock } = source({
    refresh: () => ++refreshes === 1 ? new Promise<string>(() => {}) : "b",
  });
  await tokens.present({ clock, signal });
  const dead: Clock = {
    ...clock,
    now: () => clock.now(),
    wallNow: () => 0,
    setTimeout() {},
    clearTimeout() {},
  };
  tokens.renewed("a", input, { clock: dead, signal });
  await clock.advance(0);
  return { tokens, clock, count: () => refreshes };
}

test("TokenSource.renewed() begins another refresh when one is lost, once for all that have waited for it", async () => {
  const { tokens, clock, count } = await afterDeath();
  const waiting = [1, 2, 3].map(() => tokens.renewed("a", input, { clock, signal }));
  await clock.advance(1_999);
  assertEquals(count(), 1);
  await clock.advance(1);
  assertEquals([await Promise.all(waiting), count(), clock.pending], [["b", "b", "b"], 2, 0]);
});

test("TokenSource.present() waits no longer for a refresh than that may take", async () => {
  const { tokens, clock, count } = await afterDeath();
  const waiting = tokens.present({ clock, signal });
  await clock.advance(2_000);
  assertEquals(await waiting, "a");
  assertEquals(await tokens.present({ clock, signal }), "a");
  assertEquals([await tokens.renewed("a", input, { clock, signal }), count(), clock.pending], ["b", 2, 0]);
});

test("assertToken() accepts any token that fits into a header", () => {
  for (const token of ["a", "eyJ.a-b_c~d+/==", "!"]) assertToken(token, "token");
  for (const token of ["", " a", "a b", "a\n", "é", null, undefined, 1, {}]) {
    assertThrows(() => assertToken(token, "token"), TypeError, "Cannot authorize as 'token' must be");
  }
});

// Servers that ask for waits of centuries, for no wait, for nonsense, or for two different waits at once.

import { assertEquals } from "@std/assert";
import { type ClientOptions, type HttpError, isHttpError } from "../../mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";
import { answerOf, besiege } from "./siege.ts";

const BASE_MS = 1_000;
const NOW = new Date("2026-11-28T12:00:00Z");

/**
 * The reaction of a client to a wait. A number is the delay before the retry, in milliseconds; "usual" is the delay without
 * a named wait. With `tooLong`, the client fails, and its error reports that wait.
 */
type Reaction = number | "usual" | { readonly tooLong: number };

/** Sends a request to a server that answers with these headers, until the client retries or fails. */
async function reactionTo(status: number, headers: string, options: ClientOptions = {}): Promise<Reaction> {
  const clock = new ManualClock({ wallMs: NOW.getTime() });
  const backoff = { baseMs: BASE_MS, jitter: "none" } as const;
  // After a 429 that names no wait, the lane pauses for `baseMs`; after a 503, the request backs off for twice that time.
  const usualMs = status === 429 ? BASE_MS : 2 * BASE_MS;
  let isGone = false;
  let reaction: Reaction | undefined;
  const handler = () => isGone ? answerOf("[1]") : answerOf("no", headers, `${status} Wait`);
  await besiege(
    handler,
    { clock, random: () => 0, backoff, maxRetries: 1, ...options },
    async ({ client, url, signal }) => {
      const retry = Promise.withResolvers<number>();
      using _listening = client.on((event) => {
        if (event.type === "retry") retry.resolve(event.delayMs);
      });
      const outcome = client.outcome(url, { signal });
      const first = await Promise.race([outcome, retry.promise]);
      isGone = true;
      if (typeof first === "number") {
        await clock.advance(first);
        const { ok } = await outcome;
        if (ok) reaction = first === usualMs ? "usual" : first;
      } else if (!first.ok && isHttpError(first.error)) {
        reaction = { tooLong: (first.error as HttpError).retryAfterMs! };
        // The lane pauses as long as the server asks, but at most for a day.
        await clock.advance(86_400_000);
      }
    },
  );
  if (reaction === undefined) throw new Error("the client has neither asked again nor failed");
  return reaction;
}

/** Values of `Retry-After`, and the expected reactions. */
const RETRY_AFTER: readonly (readonly [value: string, reaction: Reaction])[] = [
  ["0", 0],
  ["00000", 0],
  ["5", 5_000],
  ["  5  ", 5_000],
  ["60", 60_000],
  ["61", { tooLong: 61_000 }],
  ["3155760000", { tooLong: (3_155_760_000 - NOW.getTime() / 1_000) * 1_000 }],
  // As nanoseconds since 1970, that is in the year 5138.
  ["99999999999999999999", { tooLong: 100_000_000_000_000 - NOW.getTime() }],
  ["9".repeat(400), { tooLong: Infinity }],
  [`${NOW.getTime() / 1_000 + 7}`, 7_000],
  [`${NOW.getTime() + 7_000}`, 7_000],
  [`${NOW.getTime() / 1_000 - 7}`, 0],
  ["-1", "usual"],
  ["1.5", 1_500],
  ["1,5", "usual"],
  [".5", "usual"],
  ["1e309", "usual"],
  ["0x10", "usual"],
  ["+5", "usual"],
  ["5, 6", "usual"],
  ["NaN", "usual"],
  ["Infinity", "usual"],
  ["soon", "usual"],
  ["", "usual"],
  ["Sat, 28 Nov 2026 12:00:09 GMT", 9_000],
  ["Saturday, 28-Nov-26 12:00:09 GMT", 9_000],
  ["Sat Nov 28 12:00:09 2026", 9_000],
  ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
  ["Mon, 01 Jan 0001 00:00:00 GMT", 0],
  ["Fri, 31 Dec 9999 23:59:59 GMT", { tooLong: Date.UTC(9999, 11, 31, 23, 59, 59) - NOW.getTime() }],
  ["Sun, 31 Feb 2027 00:00:00 GMT", "usual"],
  ["2026-11-28T12:00:09Z", "usual"],
];

for (const status of [429, 503]) {
  for (const [value, reaction] of RETRY_AFTER) {
    const shown = value.length > 40 ? `${value.length} digits` : JSON.stringify(value);
    test(`S4: Client.outcome() heeds a ${status} with 'Retry-After: ${shown}' as far as it makes sense`, async () => {
      assertEquals(await reactionTo(status, `Retry-After: ${value}\r\n`), reaction);
    });
  }
}

/** Headers that contradict each other or themselves, and the expected reactions. */
const CONTRADICTIONS: readonly (readonly [headers: string, reaction: Reaction])[] = [
  ["Retry-After: 5\r\nRetry-After: 50\r\n", "usual"],
  ["Retry-After: 5\r\nRateLimit-Reset: 50\r\n", 5_000],
  ["Retry-After: soon\r\nRateLimit-Reset: 50\r\n", "usual"],
  ["retry-after-ms: 250\r\nRetry-After: 50\r\n", 250],
  ["retry-after-ms: soon\r\nRetry-After: 5\r\n", 5_000],
  ["retry-after-ms: -1\r\nRetry-After: 5\r\n", 5_000],
  ["RateLimit-Remaining: 5\r\nRateLimit-Reset: 50\r\n", "usual"],
  ["RateLimit-Remaining: -5\r\nRateLimit-Reset: 50\r\n", 50_000],
  ["X-RateLimit-Reset: 1e309\r\n", "usual"],
  ["X-RateLimit-Reset: -5\r\n", "usual"],
  ["X-RateLimit-Reset: 99999999999\r\n", { tooLong: 99_999_999_999_000 - NOW.getTime() }],
  ['RateLimit: "a";r=0;t=5, "b";r=0;t=50\r\n', 50_000],
  ['RateLimit: "a";r=5;t=50\r\nRateLimit-Reset: 7\r\n', "usual"],
  ['RateLimit: "a";r=0\r\nRateLimit-Policy: "a";w=7\r\n', 7_000],
  ['RateLimit: "a;r=0;t=5\r\n', "usual"],
  ["RateLimit: limit=10, remaining=0, reset=5\r\n", 5_000],
  ["RateLimit: limit=10, remaining=3, reset=5\r\n", "usual"],
];

for (const [headers, reaction] of CONTRADICTIONS) {
  test(`S4: Client.outcome() makes one thing of a 429 with ${JSON.stringify(headers)}`, async () => {
    assertEquals(await reactionTo(429, headers), reaction);
  });
}

test("S4: Client.outcome() waits for what it does not understand where 'retryOn' says how long", async () => {
  const reaction = await reactionTo(418, "Retry-After: 9\r\n", {
    retryOn: ({ status }) => status === 418 ? 1_500 : undefined,
  });
  assertEquals(reaction, 1_500);
});

// Headers that never end, that are too many, or that make no sense.

import { assert, assertEquals } from "@std/assert";
import { type ClientOptions, createClient } from "../../mod.ts";
import { httpCache, memoryCache, ttlCache } from "../../src/http_cache/mod.ts";
import { cookies } from "../../src/middleware/cookies.ts";
import { test } from "../support/test.ts";
import type { RawHandler } from "./raw_server.ts";
import { answerOf, assertRefusedOrRight, besiege, endlessly, failureOf, OK, outcomeOf } from "./siege.ts";

const PLANS: Readonly<Record<string, () => ClientOptions["cache"]>> = {
  "httpCache()": () => httpCache(memoryCache()),
  "ttlCache()": () => ttlCache(memoryCache(), { ttlMs: 60_000 }),
};

/** Headers that are far too long, or invalid; `times` is roughly their length. */
const HEADERS: Readonly<Record<string, (times: number) => readonly [name: string, value: string]>> = {
  "a long ETag": (times) => ["ETag", `"${"x".repeat(times)}"`],
  "an ETag of quotes": (times) => ["ETag", '"'.repeat(times)],
  "a Cache-Control of many directives": (times) => ["Cache-Control", "max-age=9, ".repeat(times / 10)],
  "a Cache-Control of many names": (times) => [
    "Cache-Control",
    Array.from({ length: times / 10 }, (_, index) => `no-cache="x-${index}"`).join(),
  ],
  "a Cache-Control of quotes": (times) => ["Cache-Control", `max-age="${'\\"'.repeat(times / 2)}`],
  "a Vary of many names": (times) => [
    "Vary",
    Array.from({ length: times / 10 }, (_, index) => `x-${index}`).join(),
  ],
  "a Vary of commas": (times) => ["Vary", ",".repeat(times)],
  "a Link of brackets": (times) => ["Link", "<,".repeat(times / 2)],
  "an Age beyond all numbers": () => ["Age", "99999999999999999999"],
  "an Age of many digits": (times) => ["Age", "9".repeat(times)],
  "a Date that there is not": () => ["Date", "Sun, 31 Feb 2026 25:61:61 GMT"],
  "a Date of many digits": (times) => ["Date", "0".repeat(times)],
  "an Expires in the year 9999": () => ["Expires", "Fri, 31 Dec 9999 23:59:59 GMT"],
  "a Content-Type of many parameters": (times) => ["Content-Type", "application/json;".repeat(times / 17)],
  "a RateLimit of many quotas": (times) => ["RateLimit", '"a";r=0;t=1,'.repeat(times / 12)],
};

for (const [planName, plan] of Object.entries(PLANS)) {
  for (const [what, headerOf] of Object.entries(HEADERS)) {
    test(`Client.outcome() with ${planName} is right for ${what}`, async () => {
      const header = headerOf(60_000).join(": ");
      let tag = "";
      const handler: RawHandler = () => answerOf("[1]", `${header}\r\n${tag}`);
      await besiege(handler, { cache: plan() }, async ({ client, url, signal }) => {
        for (const etag of ["", 'ETag: "1"\r\n', 'ETag: "2"\r\n']) {
          tag = etag;
          assertRefusedOrRight(await client.outcome(url, { signal }), [1]);
        }
      });
    });

    test(`Client.outcome() with ${planName} is right for ${what} of a megabyte, if fetch lets it pass`, async () => {
      const headers = Object.fromEntries([headerOf(1_000_000)]);
      const fetch = (): Promise<Response> => Promise.resolve(new Response("[1]", { headers }));
      await using client = createClient({ fetch, cache: plan() });

      for (let time = 0; time < 3; time++) assertEquals(await client.json("https://a.test/x"), [1]);
      assertEquals(client.stats().inFlight, 0);
    });
  }
}

test("Client.outcome() ends for a header line without end", async () => {
  const failure = failureOf(
    await outcomeOf(endlessly(`${OK}X-A: `, "x".repeat(65_536)), { timeoutMs: 5_000 }),
  );
  assert(failure === "NetworkError" || failure === "TimeoutError attempt", failure);
});

test("Client.outcome() ends for headers without end", async () => {
  const failure = failureOf(await outcomeOf(endlessly(OK, "X-A: b\r\n".repeat(1_000)), { timeoutMs: 5_000 }));
  assert(failure === "NetworkError" || failure === "TimeoutError attempt", failure);
});

test("Client.outcome() ends for headers that come letter by letter", async () => {
  const failure = failureOf(await outcomeOf(endlessly(OK, "X"), { timeoutMs: 300 }));
  assert(failure === "NetworkError" || failure === "TimeoutError attempt", failure);
});

/** Header lines that are repeated many times, by their number. */
const MANY: Readonly<Record<string, (index: number) => string>> = {
  "headers of one name": () => "X-A: b\r\n",
  "headers of different names": (index) => `X-A${index}: b\r\n`,
  "cookies": (index) => `Set-Cookie: a${index}=b; Path=/\r\n`,
};

for (const [what, lineOf] of Object.entries(MANY)) {
  for (const count of [90, 10_000, 100_000]) {
    test(`Client.outcome() is refused or right for ${count} ${what}`, async () => {
      const lines = Array.from({ length: count }, (_, index) => lineOf(index)).join("");
      assertRefusedOrRight(await outcomeOf(() => answerOf("[1]", lines)), [1]);
    });
  }
}

test("cookies() hands on each of 10,000 cookies, once, whatever they are", async () => {
  const sent = Array.from(
    { length: 10_000 },
    (_, index) => index % 3 === 0 ? `=;;${index}` : `a${index}=b; Path=/`,
  );
  const kept: string[] = [];
  const jar = { getCookieString: () => "", setCookie: (cookie: string) => kept.push(cookie) };
  const fetch = (): Promise<Response> => {
    const response = Response.json([1]);
    for (const cookie of sent) response.headers.append("set-cookie", cookie);
    return Promise.resolve(response);
  };
  await using client = createClient({ fetch, use: [cookies(jar)] });

  assertEquals(await client.json("https://a.test/x"), [1]);
  assertEquals(kept, sent);
});

/** Lines that are no valid headers. */
const FORBIDDEN = [
  "X-A: a\0b",
  "X-A: a\x01b\x7f",
  "X\0A: a",
  "X-A: a\r\n b",
  "X A: a",
  "X-A",
  ": a",
  "X-A: a\rX-B: b",
  "\x7f: a",
  "Ä: ä",
];

for (const line of FORBIDDEN) {
  test(`Client.outcome() is refused or right for the header ${JSON.stringify(line)}`, async () => {
    assertRefusedOrRight(await outcomeOf(() => answerOf("[1]", `${line}\r\n`)), [1]);
  });
}

test("Client.outcome() gives headers with the names of what objects have by themselves, and changes none", async () => {
  const lines = "__proto__: a\r\nconstructor: b\r\ntoString: c\r\n";
  const outcome = await outcomeOf(() => answerOf("[1]", lines), { cache: httpCache(memoryCache()) });
  assertEquals(
    ["__proto__", "constructor", "toString"].map((name) => outcome.ok && outcome.headers.get(name)),
    ["a", "b", "c"],
  );
  assertEquals(({} as { a?: unknown }).a, undefined);
});

test("Client.json() grows an index of variants that a server makes up, and answers rightly", async () => {
  let nth = 0;
  const fetch = (): Promise<Response> => {
    const vary = Array.from({ length: 1_000 }, (_, index) => `x-${nth}-${index}`).join();
    return Promise.resolve(
      Response.json(++nth, { headers: { vary, "cache-control": nth % 2 === 0 ? "no-cache" : "max-age=60" } }),
    );
  };
  await using client = createClient({ fetch, cache: httpCache(memoryCache()) });
  for (let time = 1; time <= 20; time++) {
    // Each request has a header that one of the answers names in `Vary`, and that no request before had.
    const headers = { [`x-${time - 1}-0`]: `${time}` };
    assertEquals(await client.json("https://a.test/x", { headers }), time);
  }
});

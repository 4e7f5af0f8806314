import { assertEquals } from "@std/assert";
import { type ClientOptions, createClient } from "../../mod.ts";
import { loadLimitLearning } from "../../src/client/learnt_limits.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { type Answer, FakeNetwork } from "../client/fake_network.ts";
import { test } from "../support/test.ts";

await loadLimitLearning();

interface Seen {
  /** The times of the sent requests, in milliseconds. */
  readonly sentAtMs: readonly number[];
  /** The waits in the events that listeners got: the time of each event, and the length of the wait. */
  readonly waits: readonly (readonly [atMs: number, retryAfterMs: number])[];
  readonly ok: number;
}

/** Makes three requests, one after the other, to a server that answers the first with the given headers. */
async function ask(
  headers: Readonly<Record<string, string>>,
  options: ClientOptions = {},
  status = 200,
): Promise<Seen> {
  const clock = new ManualClock();
  const answers: Answer[] = [{ json: 1, headers, status }];
  const network = new FakeNetwork(clock, ({ nth: _ }) => answers.shift() ?? { json: 1 });
  await using client = createClient({ ...options, clock, fetch: network.fetch, random: () => 0 });
  const waits: [number, number][] = [];
  using _ = client.on((event) => {
    if (event.type === "rateLimited") waits.push([event.atMs, event.retryAfterMs]);
  });
  const urls = ["https://api.test/a/1", "https://api.test/a/2", "https://api.test/a/3"];
  const outcomes = await clock.run(client.settle(urls, { concurrency: 1 }));
  return {
    sentAtMs: network.sent.map(({ atMs }) => atMs),
    waits,
    ok: outcomes.filter(({ ok }) => ok).length,
  };
}

const NOTHING_LEFT = { "x-ratelimit-limit": "5", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "7" };

test("rateLimited × learnLimits: a good answer that leaves nothing tells listeners of the wait, once", async () => {
  assertEquals(await ask(NOTHING_LEFT), { sentAtMs: [0, 7_000, 7_000], waits: [[0, 7_000]], ok: 3 });
});

test("rateLimited × limitKey: the wait of a key is told as well", async () => {
  const limitKey = ({ url }: { readonly url: string }) => url.split("/")[3];
  const { waits } = await ask(NOTHING_LEFT, { limitKey });
  assertEquals(waits, [[0, 7_000]]);
});

test("rateLimited × learnLimits: an answer that leaves something tells nothing, nor does one of which nothing is learnt", async () => {
  const some = await ask({ ...NOTHING_LEFT, "x-ratelimit-remaining": "4" });
  assertEquals([some.sentAtMs, some.waits], [[0, 0, 0], []]);
  const none = await ask(NOTHING_LEFT, { learnLimits: false });
  assertEquals([none.sentAtMs, none.waits], [[0, 0, 0], []]);
});

for (const pauseOn429 of ["origin", "request"] as const) {
  test(`rateLimited × pauseOn429 "${pauseOn429}": a 429 that states a limit tells of one wait, and not of two`, async () => {
    const { waits, ok } = await ask(NOTHING_LEFT, { pauseOn429 }, 429);
    assertEquals([waits, ok], [[[0, 7_000]], 3]);
  });
}

// draft-ietf-httpapi-ratelimit-headers does not say what to do if two families of headers contradict each other. A client that
// waits in vain loses time, but a client that does not wait is refused. So the stricter header counts.
const CONTRADICTIONS: readonly (readonly [name: string, headers: Record<string, string>, waitMs: number])[] =
  [
    ["RateLimit-Remaining: 0 beside X-RateLimit-Remaining: 9", {
      "ratelimit-remaining": "0",
      "ratelimit-reset": "4",
      "x-ratelimit-remaining": "9",
      "x-ratelimit-reset": "60",
    }, 4_000],
    ["X-RateLimit-Remaining: 0 beside RateLimit-Remaining: 9", {
      "ratelimit-remaining": "9",
      "ratelimit-reset": "60",
      "x-ratelimit-remaining": "0",
      "x-ratelimit-reset": "4",
    }, 4_000],
    ["both used up", {
      "ratelimit-remaining": "0",
      "ratelimit-reset": "4",
      "x-ratelimit-remaining": "0",
      "x-ratelimit-reset": "9",
    }, 9_000],
    ["a structured field with something left beside one that is used up", {
      "ratelimit": '"a";r=3;t=50',
      "x-ratelimit-remaining": "0",
      "x-ratelimit-reset": "4",
    }, 4_000],
  ];

for (const [name, headers, waitMs] of CONTRADICTIONS) {
  test(`learnLimits: of limits that contradict each other the stricter one holds: ${name}`, async () => {
    const { sentAtMs, waits, ok } = await ask(headers);
    assertEquals([sentAtMs, waits, ok], [[0, waitMs, waitMs], [[0, waitMs]], 3]);
  });
}

/** Headers that make no sense, or would stall a client that believes them; and the time of the second request. */
const ABSURD: readonly (readonly [headers: Record<string, string>, secondAtMs: number])[] = [
  [{ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "31536000" }, 60_999],
  [{ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "9".repeat(30) }, 60_999],
  [{ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "-5" }, 0],
  [{ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "0" }, 0],
  [{ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "0.5" }, 500],
  [{ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "Sat, 28 Nov 2099 12:00:00 GMT" }, 60_999],
  [{ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "Sat, 28 Nov 2099" }, 0],
  [{ "x-ratelimit-remaining": "-7", "x-ratelimit-reset": "3" }, 3_000],
  [{ "x-ratelimit-remaining": "NaN", "x-ratelimit-reset": "3" }, 0],
  [{ "x-ratelimit-limit": "0", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "2" }, 2_000],
  [{ "x-ratelimit-limit": "-1", "x-ratelimit-remaining": "9".repeat(400), "x-ratelimit-reset": "2" }, 0],
  [{ "ratelimit": '"a";r=0;t=999999999', "ratelimit-policy": '"a";q=0;w=999999999' }, 60_999],
  [{ "ratelimit-policy": '"a";q=0;w=0' }, 0],
  [{ "ratelimit-policy": '"a";q=1;w=3600' }, 60_999],
];

for (const [headers, secondAtMs] of ABSURD) {
  test(`learnLimits: no batch stalls for longer than 'maxRetryAfterMs': ${JSON.stringify(headers).slice(0, 90)}`, async () => {
    const { sentAtMs, ok } = await ask(headers);
    assertEquals([sentAtMs[1], ok], [secondAtMs, 3]);
  });
}

import { assert, assertEquals } from "@std/assert";
import { numberedUrls } from "../support/numbered_urls.ts";
import { testClientsBothWays } from "./fake_client.ts";
import type { Answer, SentRequest } from "./fake_network.ts";

const testBothWays = testClientsBothWays();

for (
  const [kind, isBad] of [["one in ten", (n: number) => n % 10 === 1], [
    "the last 30",
    (n: number) => n % 200 >= 170,
  ]] as const
) {
  testBothWays(
    `batches one after the other get every good URL where ${kind} of their URLs fail for ever`,
    async (setUp) => {
      const answer = ({ url }: SentRequest): Answer =>
        isBad(Number(url.split("/").at(-1))) ? { status: 500, afterMs: 50 } : { json: 1, afterMs: 50 };
      const { client, clock } = setUp(answer);
      for (let batch = 0; batch < 4; batch++) {
        const numbers = Array.from({ length: 200 }, (_, index) => 200 * batch + index);
        const outcomes = await clock.run(client.settle(numbers.map((number) => `https://a.test/${number}`)));
        assertEquals(
          outcomes.filter(({ ok }) => ok).length,
          numbers.filter((number) => !isBad(number)).length,
        );
      }
    },
  );
}

for (const bad of [{ afterMs: 1e9 }, { status: 504, afterMs: 5_000 }]) {
  testBothWays(
    `single requests are not refused because some URLs ${bad.status ?? "hang"} late`,
    async (setUp) => {
      const answer = ({ url }: SentRequest): Answer => url.endsWith("7") ? bad : { json: 1, afterMs: 50 };
      const { client, clock } = setUp(answer);
      const urls = numberedUrls(300);
      let lost = 0;
      const work = async (): Promise<void> => {
        for (let url = urls.pop(); url !== undefined; url = urls.pop()) {
          const { ok } = await client.outcome(url);
          if (!ok && !url.endsWith("7")) lost++;
        }
      };
      await clock.run(Promise.all(Array.from({ length: 20 }, work)));
      assertEquals(lost, 0);
    },
  );
}

testBothWays(
  "requests that have failed late are retried on a quarter of the permits, until all others have been sent",
  async (setUp) => {
    const lateMs = 5_000;
    const answer = ({ url }: SentRequest): Answer =>
      url.endsWith("7") ? { status: 504, afterMs: lateMs } : { json: 1, afterMs: 50 };
    const { client, clock, network } = setUp(answer, { concurrency: 8, circuitBreaker: false });
    await clock.run(client.settle(numberedUrls(800)));
    const lastAtMs = network.sent.findLast(({ nth }) => nth === 1)!.atMs;
    const again = network.sent.filter(({ nth }) => nth > 1);
    const meanwhile = again.filter(({ atMs }) => atMs < lastAtMs);
    assert(
      meanwhile.length > 0 && again.length > 3 * meanwhile.length,
      `${meanwhile.length} of ${again.length}`,
    );
    for (const { atMs } of meanwhile) {
      const atOnce = meanwhile.filter((other) => other.atMs <= atMs && other.atMs > atMs - lateMs);
      assert(atOnce.length <= 2, `${atOnce.length}`);
    }
  },
);

testBothWays("requests that have failed late are retried while a source never ends", async (setUp) => {
  const answer = ({ url, nth }: SentRequest): Answer =>
    url.endsWith("/3") && nth === 1 ? { status: 504, afterMs: 5_000 } : { json: 1, afterMs: 50 };
  const { client, clock } = setUp(answer, { concurrency: 4 });
  let pulled = 0;
  const source = function* (): Generator<string> {
    for (;;) yield `https://a.test/${pulled++}`;
  };
  await clock.run((async () => {
    for await (const { request, ok } of client.stream(source())) {
      if (!String(request).endsWith("/3")) continue;
      assert(ok);
      return;
    }
  })());
  assert(clock.now() < 10_000, `${clock.now()}`);
});

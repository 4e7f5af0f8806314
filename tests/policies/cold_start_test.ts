import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { CircuitOpenError, createClient } from "../../mod.ts";
import { clientSettings } from "../../src/client/settings.ts";
import { NO_HEADERS } from "../../src/http/headers.ts";
import { Call } from "../../src/policies/call.ts";
import { coldStart } from "../../src/policies/cold_start.ts";
import { Origin } from "../../src/policies/origin.ts";
import type { Station } from "../../src/policies/policy.ts";
import { Reply } from "../../src/policies/reply.ts";
import { CircuitBreaker } from "../../src/primitives/circuit_breaker.ts";
import { DeadlineQueue } from "../../src/primitives/deadline_queue.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { rejection, watch } from "../client/settled.ts";
import { runtime, skip, test } from "../support/test.ts";
import { CERTIFICATE, serveTls } from "../support/tls_server.ts";

const REPLY = new Reply({ status: 200, headers: new Headers(), url: "" }, { from: "network" });

/** A station behind the cold start, on a clock that stands still. */
class SetUp {
  readonly clock = new ManualClock();
  readonly origin: Origin;
  /** What reached the next station, and how to answer it. */
  readonly sent: { readonly call: Call; readonly end: PromiseWithResolvers<Reply> }[] = [];
  readonly #station: Station;

  constructor(key = "https://a.test", negotiatesHttp2 = true) {
    this.origin = new Origin(key, new CircuitBreaker({ threshold: 1, clock: this.clock }), undefined);
    const { clock } = this;
    const environment = {
      clock,
      deadlines: new DeadlineQueue(clock),
      negotiatesHttp2: () => negotiatesHttp2,
    };
    this.#station = coldStart(environment)((call) => {
      const end = Promise.withResolvers<Reply>();
      this.sent.push({ call, end });
      return end.promise;
    });
  }

  start(): { readonly call: Call; readonly reply: Promise<Reply> } {
    const call = new Call({
      id: 1,
      owner: { settle() {}, onBodyEnd() {} },
      sink: { onSettled() {} },
      request: {
        method: "GET",
        url: "https://a.test/x",
        absolute: true,
        origin: undefined,
        headers: NO_HEADERS,
        body: null,
        repeatable: true,
        init: undefined,
      },
      origin: this.origin,
      settings: clientSettings({}),
      signals: [],
      streams: false,
      startedAtMs: this.clock.now(),
    });
    const { origin } = this;
    call.target = { origin, url: "https://a.test/x", headers: NO_HEADERS, sensitive: new Set() };
    call.ticket = origin.breaker!.enter();
    return { call, reply: this.#station(call) };
  }

  startMany(count: number): { readonly call: Call; readonly reply: Promise<Reply> }[] {
    return Array.from({ length: count }, () => this.start());
  }
}

test("coldStart() sends one request ahead, and the others when its response has come", async () => {
  const rig = new SetUp();
  const burst = rig.startMany(5);
  await rig.clock.advance(499);
  assertEquals(rig.sent.length, 1);

  rig.origin.answered(0);
  await rig.clock.advance(0);
  assertEquals(rig.sent.length, 5);
  rig.startMany(3);
  assertEquals(rig.sent.length, 8);
  for (const { end } of rig.sent) end.resolve(REPLY);
  for (const { reply } of burst) assertStrictEquals(await reply, REPLY);
  assertEquals([rig.origin.scouting, rig.clock.pending], [undefined, 0]);
});

test("coldStart() lets the others go when the one ahead has failed, and sends another one ahead next time", async () => {
  const rig = new SetUp();
  const [first] = rig.startMany(3);
  const error = new TypeError("connection refused");
  rig.sent[0]!.end.reject(error);
  assertStrictEquals(await rejection(first!.reply), error);
  await rig.clock.advance(0);
  assertEquals(rig.sent.length, 3);

  rig.startMany(3);
  assertEquals(rig.sent.length, 4);
});

test("coldStart() waits for a slow answer for half a second, and not again", async () => {
  const rig = new SetUp();
  rig.startMany(3);
  await rig.clock.advance(499);
  assertEquals(rig.sent.length, 1);
  await rig.clock.advance(1);
  assertEquals(rig.sent.length, 3);
  rig.startMany(2);
  assertEquals(rig.sent.length, 5);
});

test("coldStart() sends one ahead again after a minute without an attempt", async () => {
  const rig = new SetUp();
  rig.start();
  rig.origin.answered(0);
  await rig.clock.advance(59_999);
  rig.startMany(2);
  assertEquals(rig.sent.length, 3);
  await rig.clock.advance(1);
  rig.startMany(2);
  assertEquals(rig.sent.length, 4);
});

test("coldStart() holds nothing back on http, nor where the runtime does not negotiate HTTP/2", () => {
  for (const rig of [new SetUp("http://a.test"), new SetUp("https://a.test", false)]) {
    rig.startMany(3);
    assertEquals(rig.sent.length, 3);
  }
});

test("coldStart() does not send who has been aborted meanwhile", async () => {
  const rig = new SetUp();
  const [, second, third] = rig.startMany(3);
  const reason = new Error("enough");
  const waiting = watch(second!.reply);
  second!.call.cancel(reason);
  rig.origin.answered(0);
  await rig.clock.advance(0);
  assertEquals([waiting.state, waiting.error], ["rejected", reason]);
  assertEquals(rig.sent.map(({ call }) => call).slice(1), [third!.call]);
});

test("coldStart() does not send anybody through a breaker that the one ahead has opened", async () => {
  const rig = new SetUp();
  const [first, second] = rig.startMany(2);
  rig.origin.settle(first!.call.ticket, "failure");
  rig.sent[0]!.end.reject(new TypeError("connection refused"));
  await rejection(first!.reply);
  const error = await rejection(second!.reply);
  assertInstanceOf(error, CircuitOpenError);
  assertEquals(rig.sent.length, 1);
});

const BURST =
  "a burst of requests to a new https origin is one connection, where the runtime negotiates HTTP/2";
if (runtime === "deno") {
  test(BURST, async () => {
    await using server = serveTls();
    using http = Deno.createHttpClient({ caCerts: [CERTIFICATE] });
    await using client = createClient({ concurrency: 50 });
    const init: RequestInit & { client: Deno.HttpClient } = { client: http };
    const get = async (index: number): Promise<void> => {
      await (await client.fetch(`${server.url}/${index}`, init)).json();
    };
    await Promise.all(Array.from({ length: 50 }, (_, index) => get(index)));
    assertEquals([server.requests, server.connections], [50, 1]);
  });
} else {
  skip(BURST, "Bun's fetch speaks HTTP/1.1 unless told otherwise");
}

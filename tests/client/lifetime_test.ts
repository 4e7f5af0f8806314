import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { Background } from "../../src/client/lifetime.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { fakeCall } from "../policies/fake_call.ts";
import { hanging, json, late, stalled } from "../policies/fake_origin.ts";
import { rig, URL_A } from "../policies/rig.ts";
import { countAbortListeners } from "../support/abort_listener_count.ts";
import { microtasks } from "../support/microtasks.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import { watch } from "../support/settled.ts";
import { test } from "../support/test.ts";

const OK = json({ ok: true });

test("close() refuses every request from then on, with its reason and without a call", async () => {
  const { client, origin } = rig(OK);
  const reason = new Error("closed");
  await client.close(reason);
  const requests = [
    client.json(URL_A),
    client.text(URL_A),
    client.bytes(URL_A),
    client.fetch(URL_A),
    client.all([URL_A]),
    client.settle([URL_A]),
  ].map(watch);
  await microtasks(50);

  for (const request of requests) assertStrictEquals(request.error, reason);
  assertEquals(origin.calls, 0);
});

test("close() closes with an AbortError by default", async () => {
  const { client } = rig(hanging());
  const request = watch(client.json(URL_A));
  await client.close();
  await microtasks(50);

  assertEquals((request.error as Error).name, "AbortError");
});

test("close() is idempotent, and its first reason counts", async () => {
  const { client } = rig(hanging());
  const request = watch(client.json(URL_A));
  await Promise.all([client.close("first"), client.close("second")]);
  await client.close("third");
  await microtasks(50);

  assertEquals(request.error, "first");
  assertEquals(await client.json(URL_A).catch((error) => error), "first");
});

test("close() resolves when no work of the client is under way any more", async () => {
  for (const reply of [hanging(), stalled(), stalled("", { status: 503 })]) {
    const { client, origin, clock } = rig(reply, { concurrency: 2 });
    for (const name of ["a", "b", "c"]) client.json(`https://a.test/${name}`).catch(() => {});
    await clock.advance(0);
    assertEquals(origin.open, 2);
    await clock.run(client.close());

    assertEquals([origin.open, clock.pending], [0, 0]);
  }
});

test("close() ends the bodies that callers of fetch() still read, with its reason", async () => {
  const { client, origin, clock } = rig(stalled("start"));
  const body = watch((await client.fetch(URL_A)).text());
  const reason = new Error("closed");
  await client.close(reason);
  await clock.advance(0);

  assertEquals(body.state, "rejected");
  assertStrictEquals(body.error, reason);
  assertEquals([origin.open, clock.pending], [0, 0]);
});

test("close() takes the client's listener off its own signal", async () => {
  const { signal } = new AbortController();
  const count = countAbortListeners(signal);
  const { client, run } = rig(OK, { signal });
  await run(client.json(URL_A));
  assertEquals(count.now, 1);
  await client.close();

  assertEquals(count.now, 0);
});

test("a client whose signal has already aborted refuses everything with its reason", async () => {
  const reason = new Error("too late");
  const { client, origin } = rig(OK, { signal: AbortSignal.abort(reason) });

  assertStrictEquals(await client.json(URL_A).catch((error) => error), reason);
  assertEquals(origin.calls, 0);
});

test("close() × an abort whose listener closes the client: calls with that signal end with its reason, all others with the close's", async () => {
  for (const reason of [new Error("aborted"), null]) {
    const { client, clock } = rig(hanging());
    const controller = new AbortController();
    const own = [1, 2, 3].map((n) => watch(client.json(`${URL_A}?${n}`, { signal: controller.signal })));
    const batch = watch(client.settle(numberedUrls(3), { signal: controller.signal }));
    const other = watch(client.json(`${URL_A}?other`));
    await clock.advance(0);
    client.on(({ type }) => {
      if (type === "settled") client.close(new Error("closed"));
    });
    controller.abort(reason);
    await clock.advance(0);

    for (const { error } of [...own, batch]) assertStrictEquals(error, reason);
    assertEquals((other.error as Error).message, "closed");
    assertEquals(client.stats().inFlight, 0);
  }
});

test("a client at the end of `await using` holds nothing any more", async () => {
  const clock = new ManualClock();
  const { origin, client: inner } = rig(hanging(), {}, { clock });
  let request;
  {
    await using client = inner;
    request = watch(client.json(URL_A));
    await clock.advance(0);
  }
  await clock.advance(0);

  assertEquals([request.state, origin.open, clock.pending], ["rejected", 0, 0]);
});

test("close() ends an endless batch", async () => {
  const clock = new ManualClock();
  const { client, origin } = rig(late(clock, 10, OK), { concurrency: 2 }, { clock });
  let pulled = 0;
  function* requests(): Generator<string> {
    while (pulled < 10_000) yield `https://a.test/${pulled++}`;
  }
  const stream = client.stream(requests());
  await clock.run(stream.next());
  await client.close("closed");
  let failures = 0;
  const rest = (async () => {
    for await (const outcome of stream) if (!outcome.ok) failures++;
  })();
  assertEquals(await rest.catch((reason) => reason), "closed");

  assert(failures > 0);
  assert(pulled <= 8, `${pulled} pulled`);
  assert(origin.calls <= 8, `${origin.calls} calls`);
  assertEquals(clock.pending, 0);
});

test("Background.end() waits for all work, also for work that other work starts", async () => {
  const background = new Background();
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  background.keep(first.promise.then(() => background.keep(second.promise)));
  const ended = watch(background.end());
  first.resolve();
  await first.promise;
  await Promise.resolve();
  assertEquals(ended.state, "pending");
  second.reject(new Error("of no matter"));
  await background.end();
  await Promise.resolve();
  assertEquals(ended.state, "fulfilled");
});

test("Background.cancel() stops the calls that are under way, and no others", async () => {
  const background = new Background();
  const [under, over] = [fakeCall(), fakeCall()];
  const never = Promise.withResolvers<void>();
  background.keep(Promise.resolve(), over);
  await background.end();
  background.keep(never.promise, under);
  background.keep(never.promise.then(() => {}));
  background.cancel("enough");
  assertEquals([under, over].map(({ cancelled, reason }) => [cancelled, reason]), [
    [true, "enough"],
    [false, undefined],
  ]);
  never.resolve();
  await background.end();
});

test("Background.cancelWaiting() stops waiting calls whose callers have been answered, and cancel() the rest", async () => {
  const background = new Background();
  const never = Promise.withResolvers<void>();
  const refresh = fakeCall({ isBackground: true });
  const [asleep, sent, over] = [fakeCall(), fakeCall(), fakeCall()];
  sent.isInFlight = true;
  for (const call of [refresh, asleep, sent]) background.keep(never.promise.then(() => {}), call);
  background.keep(Promise.reject(new Error("of no matter")), over);
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  background.cancelWaiting("closed");
  assertEquals([refresh, asleep, sent, over].map(({ cancelled }) => cancelled), [false, true, false, false]);
  background.cancel("enough");
  assertEquals([refresh, asleep, sent, over].map(({ reason }) => reason), [
    "enough",
    "closed",
    "enough",
    undefined,
  ]);
  never.resolve();
  await background.end();
});

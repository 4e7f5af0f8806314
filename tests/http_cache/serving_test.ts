import { assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import * as v from "valibot";
import { InvalidDataError } from "../../src/errors.ts";
import type { CacheEntry } from "../../src/cache/cache.ts";
import type { ValueSource } from "../../src/policies/event.ts";
import { Reply } from "../../src/policies/reply.ts";
import type { Settings } from "../../src/policies/settings.ts";
import { fakeTarget } from "../policies/fake_call.ts";
import { test } from "../support/test.ts";
import { callWith, type Parts, PARTS_URL, partsWith, requestOf, responseOf } from "./parts.ts";

/** Stores a text, and returns its entry. */
async function stored(parts: Parts, body: string): Promise<CacheEntry> {
  const plan = parts.entries.plan(requestOf(), responseOf(parts, { "cache-control": "max-age=60" }))!;
  await parts.entries.store(
    requestOf(),
    plan,
    { body: new TextEncoder().encode(body) },
    parts.entries.nextMoment(),
  );
  return (await parts.entries.find(requestOf()))!;
}

test("Serving.serve() returns a reply that is decoded for the call, with its age, and counts the hit", async () => {
  const parts = partsWith();
  const entry = await stored(parts, '{"a":1}');
  await parts.clock.advance(5_000);
  const call = callWith();
  const reply = (await parts.serving.serve(call, requestOf(), entry, "cache"))!;
  assertEquals([reply.value, reply.decodedFor === call, reply.from, reply.shared], [
    { a: 1 },
    true,
    "cache",
    true,
  ]);
  assertEquals(reply.headers.get("age"), "5");
  await parts.serving.serve(callWith(), requestOf(), entry, "stale");
  await parts.serving.serve(callWith(), requestOf(), entry, "shared");
  const { fresh, stale, shared } = parts.environment.counters;
  assertEquals([fresh, stale, shared], [1, 1, 1]);
  assertEquals(parts.events.map((event) => event.type === "cacheHit" && [event.requestId, event.kind]), [
    [7, "fresh"],
    [7, "stale"],
  ]);
});

test("Serving.serve() counts no hit for a background call", async () => {
  const parts = partsWith();
  const entry = await stored(parts, "1");
  await parts.serving.serve(callWith({ isBackground: true }), requestOf(), entry, "cache");
  assertEquals([parts.environment.counters.fresh, parts.events], [0, []]);
});

test("Serving.serve() removes an entry that no call could decode, and keeps one that only this schema refuses", async () => {
  const schema = v.object({ a: v.string() });
  for (const [body, settings, size] of [["<html>", {}, 0], ['{"a":1}', { schema }, 1]] as const) {
    const parts = partsWith();
    const entry = await stored(parts, body);
    assertEquals(await parts.serving.serve(callWith({ settings }), requestOf(), entry, "cache"), undefined);
    assertEquals([parts.cache.entries.size, parts.environment.counters.fresh], [size, 0]);
  }
});

test("Serving.serve() removes nothing offline, and reports the schema's refusal", async () => {
  const parts = partsWith({ isOffline: true });
  const html = await stored(parts, "<html>");
  assertEquals(await parts.serving.serve(callWith(), requestOf(), html, "cache"), undefined);
  assertEquals(parts.cache.entries.size, 1);
  const entry = await stored(parts, '{"a":1}');
  const call = callWith({ settings: { schema: v.object({ a: v.string() }) } });
  const error = await assertRejects(
    () => parts.serving.serve(call, requestOf(), entry, "cache"),
    InvalidDataError,
  );
  assertEquals(error.reason, "schema");
});

test("Serving.serve() passes on an error that a schema throws by mistake", async () => {
  const parts = partsWith();
  const entry = await stored(parts, "1");
  const validate = () => {
    throw new RangeError("a mistake");
  };
  const schema = { "~standard": { version: 1, vendor: "test", validate } } as const;
  const served = parts.serving.serve(callWith({ settings: { schema } }), requestOf(), entry, "cache");
  const error = await served.then(() => undefined, (thrown) => thrown);
  assertInstanceOf(error, Error);
  assertEquals(parts.cache.entries.size, 1);
});

test("Serving.serve() returns the part that a Range asks for, and nothing for a Range that it can't cut", async () => {
  const parts = partsWith();
  const entry = await stored(parts, "0123456789");
  const call = callWith({ settings: { as: "text" } });
  const part = await parts.serving.serve(call, requestOf({ range: "bytes=1-2" }), entry, "cache");
  assertEquals([part?.status, part?.value], [206, "12"]);
  assertEquals(await parts.serving.serve(call, requestOf({ range: "bytes=10-" }), entry, "cache"), undefined);
});

/** The reply of a leader. */
function replyWith(body: string | Uint8Array<ArrayBuffer>, from: ValueSource = "network"): Reply {
  const headers = new Headers({ "x-own": "1" });
  const head = { status: 200, url: `${PARTS_URL}?final`, headers, redirected: true };
  return new Reply(head, { from, body, target: fakeTarget({ url: PARTS_URL }) });
}

test("Serving.share() returns the leader's reply, with headers of the call's own, and counts it", async () => {
  for (const from of ["network", "stale"] as const) {
    const parts = partsWith();
    const reply = replyWith(new TextEncoder().encode('{"a":1}'), from);
    const shared = (await parts.serving.share(callWith(), callWith(), reply))!;
    assertEquals([shared.value, shared.from], [{ a: 1 }, from === "stale" ? "stale" : "shared"]);
    assertEquals([shared.url, shared.head.redirected], [`${PARTS_URL}?final`, true]);
    assertStrictEquals(shared.target, reply.target);
    shared.headers.delete("x-own");
    assertEquals([reply.headers.get("x-own"), parts.environment.counters.shared], ["1", 1]);
  }
});

test("Serving.share() passes on an error that a schema throws by mistake", async () => {
  const validate = () => {
    throw new RangeError("a mistake");
  };
  const schema = { "~standard": { version: 1, vendor: "test", validate } } as const;
  const call = callWith({ settings: { schema, maxBodyBytes: Infinity } });
  const shared = partsWith().serving.share(call, callWith(), replyWith("1"));
  assertInstanceOf(await shared.then(() => undefined, (thrown) => thrown), Error);
});

test("Serving.share() returns nothing of a body that the call can't use, of which only the text is left, or which is too large", async () => {
  const bytes = new TextEncoder().encode('"12"');
  const cases: [Partial<Settings>, string | Uint8Array<ArrayBuffer>, unknown][] = [
    [{ as: "json", maxBodyBytes: Infinity }, '"12"', "12"],
    [{ as: "bytes", maxBodyBytes: Infinity }, '"12"', undefined],
    [{ as: "json", maxBodyBytes: 4 }, '"12"', undefined],
    [{ as: "bytes", maxBodyBytes: 4 }, bytes, bytes],
    [{ as: "bytes", maxBodyBytes: 3 }, bytes, undefined],
    [{ as: "json", maxBodyBytes: Infinity }, "<html>", undefined],
  ];
  for (const [settings, body, value] of cases) {
    const { serving } = partsWith();
    const shared = await serving.share(callWith({ settings }), callWith(), replyWith(body));
    assertEquals(
      [shared !== undefined, shared?.value],
      [value !== undefined, value],
      JSON.stringify(settings),
    );
  }
});

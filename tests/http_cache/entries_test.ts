import { assert, assertEquals } from "@std/assert";
import { HttpRules } from "../../src/http_cache/http_rules.ts";
import { Entries } from "../../src/http_cache/entries.ts";
import { GuardedAdapter } from "../../src/http_cache/guarded_adapter.ts";
import type { CachedRequest } from "../../src/http_cache/rules.ts";
import { test } from "../support/test.ts";
import { type Parts, PARTS_URL, partsWith, requestOf, responseOf } from "./parts.ts";

const encoder = new TextEncoder();

/** Stores a text as the response to a request. */
async function store(
  parts: Parts,
  request: CachedRequest,
  body: string,
  headers: Record<string, string> = {},
) {
  const response = responseOf(parts, { "cache-control": "max-age=60", ...headers });
  const { entries } = parts;
  await entries.store(
    request,
    entries.plan(request, response)!,
    { body: encoder.encode(body) },
    entries.nextMoment(),
  );
}

async function find(
  { entries }: Pick<Parts, "entries">,
  request: CachedRequest,
): Promise<string | undefined> {
  const entry = await entries.find(request);
  return entry === undefined ? undefined : new TextDecoder().decode(entry.body);
}

/** The entries of another process on the same store. */
function elsewhere({ environment, cache }: Parts): Entries {
  const rules = new HttpRules({ ttlMs: undefined, negative: {}, onError: () => {} }, {});
  return new Entries(rules, new GuardedAdapter(environment, cache));
}

test("Entries.find() returns the entry for the URL and the partition", async () => {
  const parts = partsWith();
  await store(parts, requestOf(), "everybody");
  await store(parts, requestOf({}, "alice"), "alice");
  assertEquals([await find(parts, requestOf({ accept: "x" })), await find(parts, requestOf({}, "alice"))], [
    "everybody",
    "alice",
  ]);
  assertEquals(await find(parts, requestOf({}, "bob")), undefined);
  // The last entry is the generation of all partitions.
  assertEquals(parts.cache.entries.size, 3);
});

test("Entries.plan() refuses responses that may not be stored, or could not be found again", () => {
  const parts = partsWith();
  for (const headers of [{ "cache-control": "no-store" }, { vary: "*" }, { vary: "not a name" }, {}]) {
    const control = "vary" in headers ? { "cache-control": "max-age=60" } : {};
    assertEquals(
      parts.entries.plan(requestOf(), responseOf(parts, { ...control, ...headers } as HeadersInit)),
      undefined,
    );
  }
});

test("Entries keeps variants side by side, also when the list of Vary names grows", async () => {
  const parts = partsWith();
  const [de, fr] = [requestOf({ "accept-language": "de" }), requestOf({ "accept-language": "fr" })];
  await store(parts, de, "de", { vary: "accept-language" });
  await store(parts, fr, "fr", { vary: "accept-language" });
  assertEquals([await find(parts, de), await find(parts, fr), await find(parts, requestOf())], [
    "de",
    "fr",
    undefined,
  ]);

  const mobile = requestOf({ "accept-language": "de", "x-device": "mobile" });
  await store(parts, mobile, "de mobile", { vary: "x-device" });
  assertEquals(await find(parts, mobile), "de mobile");
  assertEquals(await find(parts, requestOf({ "accept-language": "de", "x-device": "desk" })), undefined);
});

test("Entries.plan() puts variants side by side that arrive before the first of them is stored", async () => {
  const parts = partsWith();
  const { entries } = parts;
  const response = responseOf(parts, { "cache-control": "max-age=60", vary: "accept" });
  const under = ["a", "b"].map((accept) => {
    const request = requestOf({ accept });
    return { request, askedAt: entries.nextMoment(), plan: entries.plan(request, response)!, accept };
  });
  for (const { request, plan, accept, askedAt } of under) {
    await entries.store(request, plan, { body: encoder.encode(accept) }, askedAt);
  }
  assertEquals([await find(parts, under[0]!.request), await find(parts, under[1]!.request)], ["a", "b"]);
});

test("Entries finds variants that another process has stored, and adds its own", async () => {
  const parts = partsWith();
  const [de, fr] = [requestOf({ "accept-language": "de" }), requestOf({ "accept-language": "fr" })];
  await store(parts, de, "de", { vary: "accept-language" });
  const other = { ...parts, entries: elsewhere(parts) };
  assertEquals([await find(other, de), await find(other, fr)], ["de", undefined]);
  await store(other, fr, "fr", { vary: "accept-language" });
  assertEquals([await find(parts, de), await find(parts, fr)], ["de", "fr"]);
});

test("Entries.removeAll() removes all variants in all partitions, for other processes too, and for good", async () => {
  const parts = partsWith();
  const [de, fr] = [requestOf({ "accept-language": "de" }), requestOf({ "accept-language": "fr" })];
  await store(parts, de, "de", { vary: "accept-language" });
  await store(parts, fr, "fr", { vary: "accept-language" });
  await store(parts, requestOf({}, "alice"), "alice");
  const other = { ...parts, entries: elsewhere(parts) };
  assertEquals(await find(other, fr), "fr");
  await parts.entries.removeAll(PARTS_URL);
  assertEquals([await find(parts, de), await find(other, fr)], [undefined, undefined]);
  assertEquals(await find(parts, requestOf({}, "alice")), undefined);
  assertEquals(await find(other, requestOf({}, "alice")), undefined);

  await store(parts, de, "new", { vary: "accept-language" });
  assertEquals([await find(parts, de), await find(parts, fr), await find(other, fr)], [
    "new",
    undefined,
    undefined,
  ]);
});

/** Starts work on an adapter that has read but not answered yet. The returned function makes the adapter answer. */
function beginSlowly<T>({ cache }: Parts, begin: () => Promise<T>): () => Promise<T> {
  const answered = Promise.withResolvers<void>();
  cache.get = async (key) => {
    const entry = cache.entries.get(key);
    await answered.promise;
    return entry;
  };
  const begun = begin();
  cache.get = (key) => cache.entries.get(key);
  return () => {
    answered.resolve();
    return begun;
  };
}

test("Entries.find() × removeAll(): a read that a change overtakes does not bring back another variant", async () => {
  const parts = partsWith();
  const [de, fr] = [requestOf({ "accept-language": "de" }), requestOf({ "accept-language": "fr" })];
  await store(parts, de, "de", { vary: "accept-language" });
  await store(parts, fr, "fr", { vary: "accept-language" });
  const answer = beginSlowly(parts, () => find(parts, de));
  await parts.entries.removeAll(PARTS_URL);
  await answer();
  await store(parts, de, "new", { vary: "accept-language" });
  assertEquals([await find(parts, de), await find(parts, fr)], ["new", undefined]);
});

test("Entries.find() × store(): a read that a write overtakes does not separate variants", async () => {
  const parts = partsWith();
  const [de, fr] = [requestOf({ "accept-language": "de" }), requestOf({ "accept-language": "fr" })];
  const answer = beginSlowly(parts, () => find(parts, fr));
  await store(parts, de, "de", { vary: "accept-language" });
  assertEquals(await answer(), undefined);
  await store(parts, fr, "fr", { vary: "accept-language" });
  assertEquals([await find(parts, de), await find(parts, fr)], ["de", "fr"]);
});

test("Entries.store() × removeAll(): an entry that outlives the others of its URL does not bring them back after a change", async () => {
  const parts = partsWith();
  const [alice, bob] = [requestOf({}, "alice"), requestOf({}, "bob")];
  await store(parts, alice, "alice");
  const forLong = { "cache-control": "max-age=31536000" };
  const answer = beginSlowly(parts, () => store(parts, bob, "bob", forLong));
  const changed = parts.entries.removeAll(PARTS_URL);
  await Promise.all([answer(), changed]);
  assertEquals([await find(parts, alice), await find(parts, bob)], [undefined, undefined]);
  await store(parts, bob, "new");
  assertEquals([await find(parts, alice), await find(parts, bob)], [undefined, "new"]);
});

test("Entries.find() × removeAll(): a read that a change overtakes does not hide later entries", async () => {
  const parts = partsWith();
  const alice = requestOf({}, "alice");
  await store(parts, alice, "old");
  const answer = beginSlowly(parts, () => find(parts, alice));
  await parts.entries.removeAll(PARTS_URL);
  assertEquals(await answer(), undefined);
  await store(parts, alice, "new");
  assertEquals(await find(parts, alice), "new");
});

test("Entries.store() × plan(): a body that arrives late does not remove newer Vary names of its URL", async () => {
  const parts = partsWith();
  const { entries } = parts;
  const [old, other] = [requestOf({ "accept-language": "de" }), requestOf({ "accept-language": "fr" })];
  const mobile = requestOf({ "accept-language": "fr", "x-device": "mobile" });
  await store(parts, other, "old", { vary: "accept-language" });
  const response = responseOf(parts, { "cache-control": "max-age=60", vary: "accept-language" });
  const [plan, askedAt] = [entries.plan(old, response)!, entries.nextMoment()];
  await store(parts, mobile, "mobile", { vary: "accept-language, x-device" });
  await entries.store(old, plan, { body: encoder.encode("late") }, askedAt);
  assertEquals([await find(parts, mobile), await find(parts, other), await find(parts, old)], [
    "mobile",
    undefined,
    undefined,
  ]);
});

test("Entries.refresh() × store(): an entry that moves does not replace the answer to a later request", async () => {
  const parts = partsWith();
  const { entries } = parts;
  const request = requestOf({ "accept-language": "de" });
  await store(parts, request, "old");
  const [found, askedAt] = [(await entries.find(request))!, entries.nextMoment()];
  await store(parts, request, "new", { vary: "accept-language" });
  await entries.refresh(request, found, askedAt);
  assertEquals(await find(parts, request), "new");
});

test("Entries.refresh() × removeAll(): an entry that moves by its Vary is gone after a change, however slow the adapter is", async () => {
  const parts = partsWith();
  const request = requestOf({ "accept-language": "de" });
  await store(parts, request, "de");
  const { meta, body } = (await parts.entries.find(request))!;
  const removed = Promise.withResolvers<void>();
  parts.cache.delete = async (key) => {
    await removed.promise;
    return parts.cache.entries.delete(key);
  };
  const varying = { ...meta, headers: [...meta.headers, ["vary", "accept-language"] as const] };
  const refreshed = parts.entries.refresh(request, { meta: varying, body }, parts.entries.nextMoment());
  const changed = parts.entries.removeAll(PARTS_URL);
  removed.resolve();
  await Promise.all([refreshed, changed]);
  assertEquals([await find(parts, request), await find(parts, requestOf())], [undefined, undefined]);
});

test("Entries.isOutdated() is true for a request from before a change of its URL, in any partition", async () => {
  const parts = partsWith();
  const { entries } = parts;
  const metaOf = (request: CachedRequest) =>
    entries.plan(request, responseOf(parts, { "cache-control": "max-age=60" }))!.meta;
  const isOutdated = (request: CachedRequest, askedAt: number) =>
    entries.isOutdated(request, metaOf(request), askedAt);
  const before = entries.nextMoment();
  assertEquals(isOutdated(requestOf(), before), false);
  await entries.removeAll(PARTS_URL);
  assertEquals(isOutdated(requestOf({ accept: "x" }), before), true);
  assertEquals(isOutdated(requestOf(), entries.nextMoment()), false);
  assertEquals(isOutdated(requestOf({}, "alice"), before), true);
  assertEquals(isOutdated({ ...requestOf(), url: `${PARTS_URL}?y` }, before), false);
});

test("Entries.isOutdated() is true for a request from before the stored entry's own, in the same place only", async () => {
  const parts = partsWith();
  const { entries } = parts;
  const [de, fr] = [requestOf({ "accept-language": "de" }), requestOf({ "accept-language": "fr" })];
  const response = responseOf(parts, { "cache-control": "max-age=60", vary: "accept-language" });
  const [early, late] = [entries.nextMoment(), entries.nextMoment()];
  const [planDe, planFr] = [entries.plan(de, response)!, entries.plan(fr, response)!];
  await entries.store(de, planDe, { body: encoder.encode("new") }, late);
  assertEquals([
    entries.isOutdated(de, planDe.meta, early),
    entries.isOutdated(de, planDe.meta, late),
    entries.isOutdated(fr, planFr.meta, early),
  ], [true, false, false]);
});

test("Entries.hasChanged() is true after a change of the URL, or of one to which a redirect has led", async () => {
  const { entries } = partsWith();
  const to = "https://a.test/target";
  const via = [{ to, generation: "", cacheControl: null }];
  const hasChanged = (since: number) => [
    entries.hasChanged(requestOf(), {}, since),
    entries.hasChanged(requestOf(), { via }, since),
  ];
  const before = entries.now;
  assertEquals(hasChanged(before), [false, false]);
  await entries.removeAll(to);
  assertEquals(hasChanged(before), [false, true]);
  await entries.removeAll(PARTS_URL);
  assertEquals([hasChanged(before), hasChanged(entries.now)], [[true, true], [false, false]]);
});

test("Entries starts its Vary names anew rather than remember more than 32 of them", async () => {
  const parts = partsWith();
  for (let number = 1; number <= 100; number++) {
    const name = `x-${number}`;
    const request = requestOf({ [name]: "1" });
    await store(parts, request, name, { vary: name });
    assertEquals([await find(parts, request), await find(parts, requestOf({ [name]: "2" }))], [
      name,
      undefined,
    ]);
    const counts = [...parts.cache.entries.values()].map(({ meta }) => meta.vary.length);
    assert(Math.max(...counts) <= 32, `${Math.max(...counts)} names`);
  }
});

test("Entries.removeSelected() removes the entry that a request would find, and no other variant", async () => {
  const parts = partsWith();
  await store(parts, requestOf(), "plain");
  await parts.entries.removeSelected(requestOf(), parts.entries.nextMoment());
  assertEquals(parts.cache.entries.size, 0);
  const [de, fr] = [requestOf({ "accept-language": "de" }), requestOf({ "accept-language": "fr" })];
  await store(parts, de, "de", { vary: "accept-language" });
  await store(parts, fr, "fr", { vary: "accept-language" });
  await parts.entries.removeSelected(de, parts.entries.nextMoment());
  await parts.entries.removeSelected(requestOf(), parts.entries.nextMoment());
  assertEquals([await find(parts, de), await find(parts, fr)], [undefined, "fr"]);
});

test("Entries.refresh() renews an entry in place, and moves or removes it if its Vary has changed", async () => {
  const parts = partsWith();
  const request = requestOf({ "accept-language": "de" });
  await store(parts, request, "de");
  const { meta, body } = (await parts.entries.find(request))!;
  await parts.entries.refresh(
    request,
    { meta: { ...meta, storedAt: meta.storedAt + 5 }, body },
    parts.entries.nextMoment(),
  );
  assertEquals((await parts.entries.find(requestOf()))!.meta.storedAt, meta.storedAt + 5);

  const varying = { ...meta, headers: [...meta.headers, ["vary", "accept-language"] as const] };
  await parts.entries.refresh(request, { meta: varying, body }, parts.entries.nextMoment());
  assertEquals([await find(parts, request), await find(parts, requestOf())], ["de", undefined]);

  const found = (await parts.entries.find(request))!;
  await parts.entries.refresh(
    request,
    { meta: { ...found.meta, headers: [["vary", "*"]] }, body },
    parts.entries.nextMoment(),
  );
  assertEquals(await find(parts, request), undefined);
});

test("Entries.remove() removes one variant and leaves the others", async () => {
  const parts = partsWith();
  const [de, fr] = [requestOf({ "accept-language": "de" }), requestOf({ "accept-language": "fr" })];
  await store(parts, de, "de", { vary: "accept-language" });
  await store(parts, fr, "fr", { vary: "accept-language" });
  await parts.entries.remove((await parts.entries.find(de))!);
  assertEquals([await find(parts, de), await find(parts, fr)], [undefined, "fr"]);
});

test("Entries keeps an index as long as its longest-lived variant", async () => {
  const parts = partsWith();
  const vary = { vary: "accept-language" };
  await store(parts, requestOf({ "accept-language": "de" }), "de", {
    ...vary,
    "cache-control": "max-age=9999999",
  });
  await store(parts, requestOf({ "accept-language": "fr" }), "fr", { ...vary, "cache-control": "max-age=1" });
  const ends = [...parts.cache.entries.values()].map(({ meta }) => meta.removeAt ?? Infinity);
  const index = [...parts.cache.entries.values()].find(({ meta }) => meta.headers.length === 0);
  assert(index !== undefined);
  assertEquals(index.meta.removeAt, Math.max(...ends));
});

test("Entries.store() writes nothing under a generation that another process has replaced", async () => {
  const parts = partsWith();
  const [alice, bob] = [requestOf({}, "alice"), requestOf({}, "bob")];
  await store(parts, alice, "alice");
  const plan = parts.entries.plan(bob, responseOf(parts, { "cache-control": "max-age=60" }))!;
  const other = { ...parts, entries: elsewhere(parts) };
  await other.entries.removeAll(PARTS_URL);
  await store(other, alice, "new");
  assertEquals(await find(parts, alice), "new");
  const before = parts.cache.entries.size;
  await parts.entries.store(bob, plan, { body: encoder.encode("old") }, parts.entries.nextMoment());
  assertEquals([parts.cache.entries.size, await find(parts, bob), await find(parts, alice)], [
    before,
    undefined,
    "new",
  ]);
});

import { assert, assertEquals } from "@std/assert";
import { EntriesState } from "../../src/http_cache/entries_state.ts";
import { Generations, isGenerationKey } from "../../src/http_cache/generations.ts";
import { GuardedAdapter } from "../../src/http_cache/guarded_adapter.ts";
import { primaryKey } from "../../src/http_cache/rfc9111/vary.ts";
import { test } from "../support/test.ts";
import { type Parts, PARTS_URL as URL_A, partsWith } from "./parts.ts";

const USE = { storedAt: 0, removeAt: 1_000 };

/** The generations of another process on the same store. */
function processOf({ environment, cache }: Parts): Generations {
  return new Generations(new GuardedAdapter(environment, cache), new EntriesState());
}

test("Generations.plan() gives one generation until it ends, which others see once it is stored", async () => {
  const parts = partsWith();
  const [one, other] = [processOf(parts), processOf(parts)];
  const generation = one.plan(`${URL_A}#part`);
  assertEquals([one.plan(URL_A), await one.read(URL_A), one.plan(URL_A)], [
    generation,
    undefined,
    generation,
  ]);
  await one.keep(URL_A, USE);
  assertEquals([await one.read(URL_A), await other.read(URL_A), other.plan(URL_A)], [
    generation,
    generation,
    generation,
  ]);
  assert(one.plan("https://a.test/other") !== generation);
  await other.end(URL_A);
  assertEquals([await one.read(URL_A), await other.read(URL_A)], [undefined, undefined]);
  assert(one.plan(URL_A) !== generation && other.plan(URL_A) !== generation);
});

test("Generations.keep() writes once for many entries, and again for one that lasts longer", async () => {
  const parts = partsWith();
  const generations = processOf(parts);
  const writes = () => parts.cache.calls.filter((call) => call === "set").length;
  generations.plan(URL_A);
  for (const removeAt of [1_000, 500, 2_000]) await generations.keep(URL_A, { storedAt: 0, removeAt });
  assertEquals(writes(), 1);
  const far = parts.cache.only.meta.removeAt! + 1;
  await generations.keep(URL_A, { storedAt: 0, removeAt: far });
  assertEquals([writes(), parts.cache.only.meta.removeAt! > far], [2, true]);
  await generations.keep(URL_A, { storedAt: 0, removeAt: null });
  await generations.keep(URL_A, { storedAt: 0, removeAt: far });
  assertEquals([writes(), parts.cache.only.meta.removeAt], [3, null]);
});

test("Generations.keep() does not bring back a generation that another process has ended", async () => {
  const parts = partsWith();
  const [one, other] = [processOf(parts), processOf(parts)];
  one.plan(URL_A);
  await one.keep(URL_A, USE);
  await other.end(URL_A);
  await one.keep(URL_A, { storedAt: 0, removeAt: null });
  assertEquals(parts.cache.entries.size, 0);
  await one.keep("https://a.test/never-planned", USE);
  assertEquals(parts.cache.entries.size, 0);
});

test("Generations.read() does not lose a generation that is planned or written during the read", async () => {
  const parts = partsWith();
  const generations = processOf(parts);
  const generation = generations.plan(URL_A);
  await generations.keep(URL_A, USE);
  parts.cache.entries.clear();
  for (const isWritten of [false, true]) {
    const reading = generations.read(URL_A);
    const ending = generations.end(URL_A);
    const next = generations.plan(URL_A);
    const keeping = isWritten ? generations.keep(URL_A, USE) : undefined;
    assertEquals([await reading, generations.plan(URL_A)], [undefined, next]);
    assert(next !== generation);
    await Promise.all([ending, keeping]);
    assertEquals(await generations.read(URL_A), isWritten ? next : undefined);
  }
});

test("Generations.bind() and hold() make redirects depend on the generations of their targets", async () => {
  const parts = partsWith();
  const [one, other] = [processOf(parts), processOf(parts)];
  const via = ["https://a.test/b", "https://b.test/c"].map((to) => ({
    to,
    generation: "",
    cacheControl: null,
  }));
  const bound = await one.bind(via, USE);
  assertEquals(bound.map(({ to }) => to), via.map(({ to }) => to));
  assertEquals([await one.hold(via), await one.hold(bound), await other.hold(bound)], [false, true, true]);
  // Generations that are already there serve other processes too.
  assertEquals(await other.bind(via, USE), bound);
  await other.end("https://b.test/c");
  assertEquals([await one.hold(bound), await one.hold(bound.slice(0, 1)), await one.hold([])], [
    false,
    true,
    true,
  ]);
  assert((await one.bind(via, USE))[1]!.generation !== bound[1]!.generation);
});

test("isGenerationKey() tells the keys of generations from those of responses", async () => {
  const parts = partsWith();
  const generations = processOf(parts);
  generations.plan(URL_A);
  await generations.keep(URL_A, USE);
  const keys = [...parts.cache.entries.values()].map(({ meta }) => meta.key);
  assertEquals(keys.map(isGenerationKey), [true]);
  assertEquals([primaryKey(URL_A, ""), primaryKey(URL_A, "user")].map(isGenerationKey), [false, false]);
});

import { assertEquals } from "@std/assert";
import { EntriesState } from "../../src/http_cache/entries_state.ts";
import { test } from "../support/test.ts";

test("EntriesState remembers the last 1,000 URLs of each kind", () => {
  const state = new EntriesState();
  for (let nth = 0; nth <= 1_000; nth++) {
    state.askedAt.set(`${nth}`, nth);
    state.generations.set(`${nth}`, { generation: "", removeAt: null, isPlanned: true });
    state.indexes.set(
      `${nth}`,
      { index: { names: [], generation: "" }, removeAt: null, isPlanned: true } as never,
    );
  }
  for (const kind of [state.askedAt, state.indexes, state.generations]) {
    assertEquals([kind.size, kind.has("0"), kind.has("1")], [1_000, false, true]);
  }
});

test("EntriesState.hasChanged() treats any URL as changed up to the last change that it has forgotten", () => {
  const state = new EntriesState();
  const begun = state.logicalClock.tick();
  state.noteChange("https://a.test/0#y");
  assertEquals(
    ["https://a.test/0", "https://a.test/0#x", "https://b.test/"].map((url) => state.hasChanged(url, begun)),
    [
      true,
      true,
      false,
    ],
  );
  for (let nth = 1; nth <= 999; nth++) state.noteChange(`https://a.test/${nth}`);
  assertEquals([state.hasChanged("https://b.test/", begun), state.hasChanged("https://a.test/0", begun)], [
    false,
    true,
  ]);
  state.noteChange("https://a.test/1000");
  state.noteChange("https://a.test/1001");
  const since = state.logicalClock.tick();
  for (const url of ["https://a.test/0", "https://a.test/1", "https://b.test/"]) {
    assertEquals([state.hasChanged(url, begun), state.hasChanged(url, since)], [true, false], url);
  }
});

test("EntriesState.hasChanged() still knows the latest change that it has forgotten after it has forgotten an older one", () => {
  const state = new EntriesState();
  for (let nth = 1; nth <= 1_000; nth++) state.noteChange(`https://a.test/${nth}`);
  // A look keeps the oldest change until all the others have gone.
  state.hasChanged("https://a.test/1", 0);
  for (let nth = 1_001; nth <= 1_999; nth++) state.noteChange(`https://a.test/${nth}`);
  assertEquals(state.hasChanged("https://b.test/", 999), true);
  state.noteChange("https://a.test/2000");
  assertEquals(state.hasChanged("https://b.test/", 999), true);
});

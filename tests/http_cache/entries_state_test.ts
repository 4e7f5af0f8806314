import { assertEquals } from "@std/assert";
import { EntriesState } from "../../src/http_cache/entries_state.ts";
import { test } from "../support/test.ts";

test("EntriesState remembers the last 1,000 URLs of each kind", () => {
  const state = new EntriesState();
  for (let nth = 0; nth <= 1_000; nth++) {
    state.changes.set(`${nth}`, nth);
    state.askedAt.set(`${nth}`, nth);
    state.generations.set(`${nth}`, { generation: "", removeAt: null, isPlanned: true });
    state.indexes.set(
      `${nth}`,
      { index: { names: [], generation: "" }, removeAt: null, isPlanned: true } as never,
    );
  }
  for (const kind of [state.changes, state.askedAt, state.indexes, state.generations]) {
    assertEquals([kind.size, kind.has("0"), kind.has("1")], [1_000, false, true]);
  }
  assertEquals(state.moment, 0);
});

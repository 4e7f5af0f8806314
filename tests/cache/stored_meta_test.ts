import { assertEquals } from "@std/assert";
import { isExpired, parseMeta } from "../../src/cache/stored_meta.ts";
import { test } from "../support/test.ts";
import { entryOf } from "../support/cache_entries.ts";

const encoder = new TextEncoder();

test("parseMeta() reads metadata in JSON, and refuses another version or shape", () => {
  const { meta } = entryOf(new Uint8Array(1));
  const parse = (value: unknown) => parseMeta(encoder.encode(JSON.stringify(value)));
  assertEquals(parse(meta), meta);
  for (const wrong of [{ ...meta, v: 2 }, { ...meta, key: 1 }, { ...meta, removeAt: "x" }, null, 1, []]) {
    assertEquals(parse(wrong), undefined);
  }
  for (const text of ["", "{", "\0"]) assertEquals(parseMeta(encoder.encode(text)), undefined);
  assertEquals(parseMeta(new Uint8Array([0x22, 0xff, 0x22])), undefined);
});

test("isExpired() is true from removeAt on, and never without one", () => {
  const { meta } = entryOf(new Uint8Array(1));
  const ended = { ...meta, removeAt: 100 };
  assertEquals([isExpired(ended, 99), isExpired(ended, 100), isExpired(ended, 101)], [false, true, true]);
  assertEquals(isExpired({ ...meta, removeAt: null }, Number.MAX_VALUE), false);
});

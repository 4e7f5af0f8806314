import { assert, assertEquals } from "@std/assert";
import {
  isEntryName,
  isMarkedName,
  isTempName,
  nameOf,
  SHARDS,
  tempName,
} from "../../../src/cache/filesystem/entry_name.ts";
import { sha256 } from "../../../src/cache/sha256.ts";
import { test } from "../../support/test.ts";

const HASH = sha256("a");

/** Keys that have caused wrong paths, or have collided, in one cache or another. */
const KEYS = [
  ...[
    "",
    " ",
    ".",
    "..",
    "../../etc/x",
    "..%2f..%2fx",
    "/etc/passwd",
    "C:\\x",
    "a\\..\\b",
    "\0",
    "a\0b",
    "CON",
    "a.",
  ],
  ...[
    "foo",
    "foo/bar",
    "foo:bar",
    "?id=1",
    "?id=2",
    "https://a.test/?id=1",
    "https://a.test/?id=1#b",
    "a\nb",
  ],
  ...[
    "é",
    "e\u0301",
    "🏎",
    "\ud800",
    "\ud801",
    "\udc00",
    "\ufffd",
    "\\ud800",
    '"\\ud800"',
    "日本語",
    "A",
    "a",
  ],
  ...[
    "x".repeat(300),
    "x".repeat(8_000),
    "日".repeat(3_000),
    HASH.toUpperCase(),
    HASH.slice(1),
    `${HASH}\n`,
    `${HASH}k`,
  ],
  ...[HASH, sha256("b"), sha256("foo"), sha256(JSON.stringify("foo")), sha256('"\ud800"')],
];

test("nameOf() uses a hash as it is, with its first two digits for the folder", () => {
  assertEquals(nameOf(HASH), { shard: HASH.slice(0, 2), name: HASH.slice(2) });
});

test("nameOf() gives every key a name of its own, inside the folder", () => {
  const names = KEYS.map((key) => {
    const { shard, name } = nameOf(key);
    assert(SHARDS.includes(shard) && isEntryName(name) && !isTempName(name), key);
    return `${shard}/${name}`;
  });
  assertEquals(new Set(names).size, KEYS.length);
  assertEquals(KEYS.map((key) => `${nameOf(key).shard}/${nameOf(key).name}`), names);
});

test("nameOf() tells the hash of a key from that hash as a key", () => {
  const { shard, name } = nameOf("foo");
  assertEquals(nameOf(sha256(JSON.stringify("foo"))), { shard, name: name.slice(0, -1) });
});

test("SHARDS are the 256 pairs of digits", () => {
  assertEquals([SHARDS.length, new Set(SHARDS).size, SHARDS[0], SHARDS[10], SHARDS[255]], [
    256,
    256,
    "00",
    "0a",
    "ff",
  ]);
});

test("tempName() is recognized by isTempName(), and users' file names are not", () => {
  assert(isTempName(tempName(crypto.randomUUID(), 1)) && !isEntryName(tempName(crypto.randomUUID(), 1)));
  for (
    const name of ["a.tmp", ".tmp", "notes.txt", "README", `${HASH}.tmp`, HASH, `${HASH.slice(2)}kk`, "v1"]
  ) {
    assertEquals([isTempName(name), isEntryName(name)], [false, false], name);
  }
});

test("isMarkedName() recognizes the names that are more than a hash", () => {
  const hash = "a".repeat(62);
  assertEquals([`${hash}k`, hash, `${hash.slice(1)}k`, "k", ""].map(isMarkedName), [
    true,
    false,
    false,
    false,
    false,
  ]);
});

import { assertEquals } from "@std/assert";
import { isSha256, sha256 } from "../../src/cache/sha256.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";

async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

test("sha256() matches the standard's example", () => {
  assertEquals(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test("sha256() agrees with the runtime's digest at every length around its blocks", async () => {
  for (let length = 0; length < 260; length++) {
    const text = "x".repeat(length);
    assertEquals(sha256(text), await digest(text), `length ${length}`);
  }
});

test("sha256() agrees with the runtime's digest on random text, lone surrogates included", async () => {
  const random = seededRandom(7);
  for (let round = 0; round < 200; round++) {
    const text = String.fromCharCode(...Array.from({ length: random() * 300 }, () => random() * 0x10000));
    assertEquals(sha256(text), await digest(text));
  }
});

test("isSha256() accepts 64 lower-case hexadecimal digits, and nothing else", () => {
  const hash = sha256("abc");
  assertEquals([hash, "0".repeat(64), "f".repeat(64)].map(isSha256), [true, true, true]);
  const others = [
    "",
    hash.slice(1),
    `${hash}0`,
    `${hash}\n`,
    ` ${hash.slice(1)}`,
    hash.toUpperCase(),
    `g${hash.slice(1)}`,
  ];
  assertEquals(others.filter(isSha256), []);
});

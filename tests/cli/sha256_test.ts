import { assertEquals } from "@std/assert";
import { Sha256 } from "../../src/cli/sha256.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";

async function expected(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

test("Sha256.digest() is the platform's own, at every length around a block", async () => {
  const random = seededRandom(7);
  for (const length of [0, 1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 1_000, 100_003]) {
    const bytes = Uint8Array.from({ length }, () => random() * 256);
    const sum = new Sha256();
    sum.update(bytes);
    assertEquals(sum.digest(), await expected(bytes), `of ${length} bytes`);
  }
});

test("Sha256.update() does not mind how the bytes are cut", async () => {
  const random = seededRandom(8);
  const bytes = Uint8Array.from({ length: 5_000 }, () => random() * 256);
  const sum = new Sha256();
  for (let at = 0; at < bytes.length;) {
    const length = Math.floor(random() * 150);
    sum.update(bytes.subarray(at, at + length));
    at += length;
  }
  assertEquals(sum.digest(), await expected(bytes));
});

import { assertEquals } from "@std/assert";
import { BodyCollector } from "../../src/http/body_collector.ts";
import { test } from "../support/test.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

test("BodyCollector returns the whole body, and nothing of one that is too large or was abandoned", async () => {
  for (
    const [maxBytes, complete, expected] of [
      [5, true, "12345"],
      [4, true, undefined],
      [5, false, undefined],
    ] as const
  ) {
    const collector = new BodyCollector(maxBytes);
    collector.add(bytesOf("123"));
    collector.add(bytesOf("45"));
    collector.end(complete);
    const bytes = await collector.bytes;
    assertEquals(bytes && new TextDecoder().decode(bytes), expected);
  }
});

test("BodyCollector returns an empty body as such, and keeps to its first end", async () => {
  const empty = new BodyCollector(0);
  empty.end(true);
  empty.end(false);
  assertEquals(await empty.bytes, new Uint8Array(0));

  const left = new BodyCollector(9);
  left.end(false);
  left.end(true);
  assertEquals(await left.bytes, undefined);
});

test("BodyCollector rejects with the error of a body that breaks off, unless it has already ended", async () => {
  const broken = new BodyCollector(9);
  broken.add(bytesOf("123"));
  broken.fail("reset");
  broken.end(true);
  assertEquals(await broken.bytes.catch((reason) => `rejected: ${reason}`), "rejected: reset");

  const whole = new BodyCollector(9);
  whole.add(bytesOf("123"));
  whole.end(true);
  whole.fail("reset");
  assertEquals(await whole.bytes, bytesOf("123"));
});

test("BodyCollector keeps bytes of its own, whatever the reader does to a chunk", async () => {
  const collector = new BodyCollector(5);
  const chunk = bytesOf("12345");
  collector.add(chunk);
  chunk.fill(0);
  collector.end(true);
  assertEquals(await collector.bytes, bytesOf("12345"));
});

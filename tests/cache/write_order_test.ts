import { assertEquals, assertRejects } from "@std/assert";
import { WriteOrder } from "../../src/cache/write_order.ts";
import { test } from "../support/test.ts";

test("WriteOrder.run() runs writes to one slot one after the other, and writes to others at once", async () => {
  const writes = new WriteOrder();
  const log: string[] = [];
  const first = Promise.withResolvers<void>();
  const write = (name: string, ready?: Promise<void>) => async () => {
    log.push(`${name} begins`);
    await ready;
    log.push(`${name} ends`);
    return name;
  };
  const results = [
    writes.run("slot", write("first", first.promise)),
    writes.run("slot", write("second")),
    writes.run("slot", write("third")),
    writes.run("other", write("other")),
  ];
  assertEquals(log, ["first begins", "other begins"]);
  first.resolve();
  assertEquals(await Promise.all(results), ["first", "second", "third", "other"]);
  const slot = log.filter((line) => !line.startsWith("other"));
  const expected = ["first", "second", "third"].flatMap((name) => [`${name} begins`, `${name} ends`]);
  assertEquals(slot, expected);
});

test("WriteOrder.run() goes on after a failed write, and begins at once when all are over", async () => {
  const writes = new WriteOrder();
  const failing = writes.run("slot", () => Promise.reject(new Error("full")));
  const next = writes.run("slot", () => Promise.resolve("next"));
  await assertRejects(() => failing, Error, "full");
  assertEquals(await next, "next");
  await writes.settled();
  let begun = false;
  const last = writes.run("slot", () => Promise.resolve(begun = true));
  assertEquals(begun, true);
  await last;
});

test("WriteOrder.settled() waits for the writes so far", async () => {
  const writes = new WriteOrder();
  const log: string[] = [];
  const ready = Promise.withResolvers<void>();
  const all = [
    writes.run("a", () => ready.promise.then(() => log.push("a"))),
    writes.run("a", () => Promise.reject(new Error("b"))).catch(() => log.push("b")),
  ];
  const settled = writes.settled().then(() => log.push("settled"));
  ready.resolve();
  await Promise.all([...all, settled, new WriteOrder().settled()]);
  assertEquals(log, ["a", "b", "settled"]);
});

test("WriteOrder.has() says whether a slot is being written", async () => {
  const writes = new WriteOrder();
  const ready = Promise.withResolvers<void>();
  const write = writes.run("a", () => ready.promise);
  assertEquals([writes.has("a"), writes.has("b")], [true, false]);
  ready.resolve();
  await write;
  await writes.settled();
  assertEquals(writes.has("a"), false);
});

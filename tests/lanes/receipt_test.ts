import { assertEquals } from "@std/assert";
import { LimitBook } from "../../src/lanes/limit_book.ts";
import { Receipt } from "../../src/lanes/receipt.ts";
import { test } from "../support/test.ts";

function setUp() {
  const [book, keyBook] = [new LimitBook(1_000, 1, 0), new LimitBook(1_000, 1, 0)];
  const answer = { nowMs: 0, number: 0, latest: 0, isOk: true, isStranger: true };
  for (const each of [book, keyBook]) each.update([{ limit: 2, windowMs: 100 }], answer);
  const line = { book: keyBook, open: 0 };
  return { line, book, keyBook, receipt: new Receipt({ attempts: 7, book }, line, 0) };
}

test("Receipt counts a request in the books of its lane and its key from when it is sent", () => {
  const { receipt, line, book, keyBook } = setUp();
  assertEquals([receipt.number, receipt.line, line.open], [7, line, 1]);
  assertEquals([receipt.isIn(book), receipt.isIn(keyBook), receipt.isIn(new LimitBook(0, 0, 0))], [
    true,
    true,
    false,
  ]);
  assertEquals([book.blockedUntilMs(0), keyBook.blockedUntilMs(0)], [100, 100]);
});

test("Receipt.close() makes the request count for one window after the answer, once", () => {
  const { receipt, line, book, keyBook } = setUp();
  receipt.close(50);
  receipt.close(90);
  receipt.cancel();
  assertEquals([book.blockedUntilMs(60), keyBook.blockedUntilMs(60), line.open], [100, 100, 0]);
  assertEquals([book.isQuiet(149), book.isQuiet(150)], [false, true]);
});

test("Receipt.cancel() takes back a request that was not sent", () => {
  const { receipt, line, book } = setUp();
  receipt.cancel();
  receipt.close(90);
  assertEquals([book.blockedUntilMs(0), line.open, book.isQuiet(100)], [0, 0, true]);
});

test("Receipt of an attempt without books counts in the line of its key only", () => {
  const line = { book: undefined, open: 0 };
  const receipt = new Receipt({ attempts: 1, book: undefined }, line, 0);
  assertEquals(line.open, 1);
  receipt.close(0);
  assertEquals(line.open, 0);
});

import { assertEquals } from "@std/assert";
import type { LimitReading } from "../../src/http/limit_reading.ts";
import { type BookedAnswer, LimitBook } from "../../src/lanes/limit_book.ts";
import { test } from "../support/test.ts";

function answer(nowMs: number, given: Partial<BookedAnswer> = {}): BookedAnswer {
  return { nowMs, number: 1, latest: 0, isOk: true, isStranger: false, ...given };
}

/** A book that has got these limits in its first answer. */
function begun(readings: readonly LimitReading[], nowMs = 0): LimitBook {
  const book = new LimitBook(60_000, 0, nowMs);
  book.noteSent(nowMs);
  book.noteAnswered(nowMs);
  book.update(readings, answer(nowMs));
  return book;
}

/** Returns how many requests may be sent at once, and sends them. */
function roomAt(book: LimitBook, nowMs: number): number {
  let sent = 0;
  while (sent < 100 && book.blockedUntilMs(nowMs) <= nowMs) {
    book.noteSent(nowMs);
    sent++;
  }
  for (let n = 0; n < sent; n++) book.noteUnsent();
  return sent;
}

test("LimitBook: the first request goes ahead, and the others wait for its answer, or a second", () => {
  const book = new LimitBook(60_000, 0, 0);
  assertEquals([book.blockedUntilMs(0), roomAt(book, 0)], [0, 1]);
  book.noteSent(0);
  assertEquals(book.blockedUntilMs(500), 1_000);
  const answered = new LimitBook(60_000, 0, 0);
  answered.noteSent(0);
  answered.noteAnswered(70);
  assertEquals(roomAt(answered, 70), 100);
  assertEquals(roomAt(new LimitBook(60_000, 3, 0), 0), 100);
});

test("LimitBook: all limits hold together", () => {
  const book = begun([
    { limit: 20, windowMs: 1_000, used: 1 },
    { limit: 100, windowMs: 120_000, used: 95 },
    { name: "quota", remaining: 12, resetMs: 5_000 },
  ]);
  assertEquals(roomAt(book, 0), 5);
});

test("LimitBook: requests that the server has counted and this client has not were sent by others", () => {
  const book = begun([{ limit: 20, windowMs: 1_000, used: 15 }]);
  assertEquals([roomAt(book, 0), roomAt(book, 1_000)], [5, 20]);
  const left = begun([{ limit: 20, windowMs: 1_000, remaining: 4 }]);
  assertEquals(roomAt(left, 0), 4);
});

test("LimitBook: of numbers that contradict each other the strictest holds, and none adds requests", () => {
  const cases: readonly [readonly LimitReading[], number][] = [
    [[{ limit: 5, remaining: 50, resetMs: 1_000 }], 5],
    [[{ limit: 5, windowMs: 1_000, used: 1, remaining: 2 }], 2],
    [[{ limit: 5, windowMs: 1_000, used: -4 }], 4],
    [[{ remaining: -3, resetMs: 1_000 }], 0],
    [[{ name: "a", remaining: 9, resetMs: 1_000 }, { name: "b", remaining: 2, resetMs: 1_000 }], 2],
    [[{ limit: 0.5, windowMs: 1_000 }], 0],
    [[{ limit: 9, windowMs: 1_000 }, { limit: 3, windowMs: 1_000 }], 2],
    [[{ limit: 3, windowMs: 1_000 }, { limit: 9, windowMs: 1_000 }], 2],
  ];
  for (const [readings, room] of cases) {
    assertEquals(roomAt(begun(readings), 0), room, JSON.stringify(readings));
  }
});

test("LimitBook: senseless numbers are passed over", () => {
  const book = begun([
    {},
    { limit: NaN, windowMs: 1_000 },
    { limit: 1, windowMs: -1 },
    { limit: -1, windowMs: 1_000 },
    { limit: 1, windowMs: Infinity },
    { remaining: 0 },
    { remaining: 0, resetMs: NaN },
    { resetMs: 5_000 },
    { remaining: NaN, resetMs: 5_000 },
    { limit: "1" as unknown as number, windowMs: 5 },
    { limit: 3 },
  ]);
  assertEquals(roomAt(book, 0), 100);
});

test("LimitBook: a reset in the past counts as now, and none lies more than a day ahead", () => {
  assertEquals(begun([{ remaining: 0, resetMs: -5 }]).blockedUntilMs(0), 0);
  const book = begun([{ remaining: 0, resetMs: 1e12 }]);
  book.resetBy(Infinity);
  assertEquals(book.blockedUntilMs(0), 60_000);
});

test("LimitBook.usedUpUntilMs() is the latest end of the limits that are used up without what is in flight", () => {
  const book = begun([{ limit: 2, windowMs: 1_000 }, { remaining: 1, resetMs: 5_000 }]);
  assertEquals(book.usedUpUntilMs(0), 0);
  book.noteSent(0);
  assertEquals([book.blockedUntilMs(0), book.usedUpUntilMs(0)], [5_000, 0]);
  book.noteAnswered(400);
  assertEquals(book.usedUpUntilMs(400), 1_000);
  book.update([{ limit: 2, windowMs: 1_000 }, { remaining: 0, resetMs: 5_000 }], answer(400));
  assertEquals(book.usedUpUntilMs(400), 5_400);
});

test("LimitBook: a counted limit that the origin stops stating no longer holds; a quota holds until its reset", () => {
  const book = begun([{ limit: 2, windowMs: 1_000 }, { remaining: 3, resetMs: 1_000 }]);
  book.update([], answer(0));
  assertEquals(roomAt(book, 0), 1);
  book.update([{ limit: 50, windowMs: 2_000 }], answer(0));
  assertEquals(roomAt(book, 0), 3);
});

test("LimitBook: a counted limit is as large as the latest response states it", () => {
  const book = begun([{ limit: 5, windowMs: 1_000 }]);
  for (const [limit, room] of [[3, 2], [20, 19]] as const) {
    book.update([{ limit, windowMs: 1_000 }], answer(0));
    assertEquals(roomAt(book, 0), room);
  }
});

test("LimitBook: a counted limit that the origin turns out not to keep to, because it serves on, holds nobody any more", () => {
  const limits: readonly LimitReading[] = [{ limit: 1, windowMs: 600_000 }];
  const book = begun(limits);
  // A used-up limit is believed for a minute after the latest answer. Then one request finds out, and again.
  const send = (atMs: number, isOk: boolean): number => {
    assertEquals(book.blockedUntilMs(atMs), atMs);
    book.noteSent(atMs);
    book.noteAnswered(atMs);
    book.update(limits, answer(atMs, { isOk }));
    return roomAt(book, atMs);
  };
  assertEquals([send(60_000, true), send(120_000, true), send(120_000, false)], [0, 100, 0]);
});

test("LimitBook: requests that were under way before may be uncounted, until they are answered or for half a minute", () => {
  const book = new LimitBook(60_000, 4, 0);
  book.update([{ remaining: 10, resetMs: 60_000 }], answer(0, { isStranger: true }));
  assertEquals(roomAt(book, 0), 7);
  book.update([{ remaining: 9, resetMs: 60_000 }], answer(10, { isStranger: true }));
  assertEquals(roomAt(book, 10), 7);
  book.update([{ remaining: 9, resetMs: 60_000 }], answer(31_000, { number: 5 }));
  assertEquals(roomAt(book, 31_000), 9);
});

test("LimitBook: requests that were under way before a reset were counted before it", () => {
  for (const [resetMs, atMs] of [[2_000, 2_001], [0, 1_001], [500, 1_001]] as const) {
    const book = new LimitBook(60_000, 4, 0);
    book.update([{ limit: 5, remaining: 5, resetMs }], answer(0));
    book.update([{ limit: 5, remaining: 5, resetMs: 9_000 }], answer(atMs - 1, { number: 2 }));
    assertEquals(roomAt(book, atMs - 1), 1);
    book.update([{ limit: 5, remaining: 5, resetMs: 9_000 }], answer(atMs, { number: 3 }));
    assertEquals(roomAt(book, atMs), 5);
  }
});

test("LimitBook: a quota that no response states after its reset does not hold the others for ever", () => {
  for (const other of [[], [{ name: "b", limit: 90, remaining: 80, resetMs: 60_000 }]]) {
    const book = begun([{ name: "a", limit: 3, remaining: 0, resetMs: 1_000 }]);
    assertEquals(roomAt(book, 999), 0);
    const rooms: number[] = [];
    for (let number = 2; number < 7; number++) {
      const room = roomAt(book, 1_000);
      rooms.push(room);
      for (let n = 0; n < room; n++) book.noteSent(1_000);
      for (let n = 0; n < room; n++) book.noteAnswered(1_000);
      // An answer that went wrong says nothing, and neither does an earlier one.
      book.update(other, answer(1_000, { number: 9, isOk: false }));
      book.update(other, answer(1_000, { number: 1 }));
      if (number === 2) assertEquals(roomAt(book, 1_000), 1);
      book.update(other, answer(1_000, { number }));
    }
    assertEquals(rooms, [3, 2, 4, 8, 16]);
  }
});

test("LimitBook keeps the limits of the latest statement, however many names a server makes up", () => {
  const book = begun([]);
  for (let number = 1; number <= 500; number++) {
    const readings = Array.from({ length: 500 }, (_, n) => ({
      name: `${number}/${n}`,
      limit: 1_000,
      remaining: n === 0 ? 0 : 900,
      resetMs: 10_000 * (501 - number),
    }));
    book.update(readings, answer(0, { number }));
  }
  // The first limits of each response are kept.
  assertEquals(book.blockedUntilMs(0), 10_000);
});

test("LimitBook keeps a limit that is stated again and again, however many other names come and go", () => {
  const book = begun([]);
  for (let number = 1; number <= 100; number++) {
    const readings = [
      { name: "steady", remaining: 0, resetMs: 50_000 },
      { name: `passing ${number}`, remaining: 900, resetMs: 10_000 },
    ];
    book.update(readings, answer(0, { number }));
    assertEquals(book.blockedUntilMs(0), 50_000, `answer ${number}`);
  }
});

test("LimitBook.takeNews() tells once how long nothing may be sent, and again when the wait grows", () => {
  const book = begun([{ remaining: 0, resetMs: 2_000 }], 5_000);
  assertEquals([book.takeNews(5_500), book.takeNews(5_500), book.takeNews(5_600)], [1_500, 0, 0]);
  book.update([{ remaining: 0, resetMs: 3_000 }], answer(5_700, { number: 2 }));
  assertEquals([book.takeNews(5_700), book.takeNews(5_700), book.takeNews(8_700)], [3_000, 0, 0]);
});

test("LimitBook.isQuiet() is true when the book is as good as a new one", () => {
  const book = begun([{ limit: 2, windowMs: 1_000, used: 1 }, { remaining: 3, resetMs: 500 }]);
  assertEquals([book.isQuiet(499), book.isQuiet(999), book.isQuiet(1_000)], [false, false, true]);
  book.noteSent(1_000);
  assertEquals(book.isQuiet(1_000), false);
});

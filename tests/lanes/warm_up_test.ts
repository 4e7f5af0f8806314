import { assertEquals } from "@std/assert";
import { WarmUp } from "../../src/lanes/warm_up.ts";
import { test } from "../support/test.ts";

test("WarmUp makes the others wait until the first request is answered", () => {
  const warmUp = new WarmUp(() => true);
  assertEquals([warmUp.isCold(10), warmUp.blockedUntilMs(10)], [true, 0]);
  warmUp.noteSent(10);
  assertEquals([warmUp.blockedUntilMs(10), warmUp.blockedUntilMs(200)], [510, 510]);
  assertEquals(warmUp.noteAnswer(10), true);
  assertEquals([warmUp.isCold(200), warmUp.blockedUntilMs(200), warmUp.noteAnswer(10)], [false, 0, false]);
});

test("WarmUp lets the others follow a slow first request after half a second, and none goes ahead of them", () => {
  const warmUp = new WarmUp(() => true);
  warmUp.noteSent(10);
  assertEquals([warmUp.blockedUntilMs(509), warmUp.blockedUntilMs(510)], [510, 0]);
  warmUp.noteSent(510);
  assertEquals(warmUp.blockedUntilMs(510), 0);
  assertEquals([warmUp.isCold(60_509), warmUp.isCold(60_510)], [false, true]);
});

test("WarmUp does not wait for a remainder of rounding, which would never end", () => {
  const warmUp = new WarmUp(() => true);
  warmUp.noteSent(0);
  assertEquals([warmUp.blockedUntilMs(499.9), warmUp.blockedUntilMs(499.999_5)], [500, 0]);
});

test("WarmUp.noteFailure() lets another request go ahead", () => {
  const warmUp = new WarmUp(() => true);
  warmUp.noteSent(0);
  warmUp.noteFailure();
  assertEquals(warmUp.blockedUntilMs(20), 0);
  warmUp.noteSent(20);
  assertEquals(warmUp.blockedUntilMs(21), 520);
});

test("WarmUp is cold again when no attempt has begun for a minute", () => {
  const warmUp = new WarmUp(() => true);
  warmUp.noteSent(0);
  warmUp.noteAnswer(0);
  warmUp.noteAnswer(30_000);
  // A late answer to an old attempt says nothing about the connections that are open now.
  warmUp.noteAnswer(5);
  warmUp.noteSent(89_999);
  assertEquals([warmUp.isCold(89_999), warmUp.blockedUntilMs(89_999)], [false, 0]);
  warmUp.noteSent(90_000);
  assertEquals(warmUp.blockedUntilMs(90_001), 90_500);
});

test("WarmUp lets no request go ahead where requests share no connection, and is warm with the first", () => {
  const warmUp = new WarmUp(() => false);
  warmUp.noteSent(0);
  assertEquals([warmUp.isCold(0), warmUp.blockedUntilMs(0), warmUp.noteAnswer(0)], [false, 0, false]);
});

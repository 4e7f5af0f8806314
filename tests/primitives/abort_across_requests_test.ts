import { assertEquals } from "@std/assert";
import { abortIfPossible, hasAborted } from "../../src/primitives/abort_across_requests.ts";
import { test } from "../support/test.ts";

/** A signal of another request, as a worker sees it. */
const foreign = {
  get aborted(): boolean {
    throw new Error("Cannot perform I/O on behalf of a different request");
  },
} as AbortSignal;

test("hasAborted() says whether a signal has aborted, and treats one of another request as not aborted", () => {
  assertEquals(
    [new AbortController().signal, AbortSignal.abort(), foreign].map(hasAborted),
    [false, true, false],
  );
});

test("abortIfPossible() aborts with the reason, or returns false where it can't", () => {
  const controller = new AbortController();
  assertEquals(abortIfPossible(controller, "mine"), true);
  assertEquals(controller.signal.reason, "mine");

  const deaf = new AbortController();
  deaf.abort = () => {
    throw new Error("Cannot perform I/O on behalf of a different request");
  };
  assertEquals(abortIfPossible(deaf), false);
  assertEquals(deaf.signal.aborted, false);
});

test("abortIfPossible() returns true even where a listener's error reaches it", () => {
  const controller = new AbortController();
  const { abort } = controller;
  controller.abort = (reason) => {
    abort.call(controller, reason);
    throw new Error("a listener's own mistake");
  };
  assertEquals(abortIfPossible(controller), true);
});

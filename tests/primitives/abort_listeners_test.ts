import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  type AbortTarget,
  addAbortListener,
  removeAbortListener,
} from "../../src/primitives/abort_listeners.ts";
import { test } from "../support/test.ts";
import { countAbortListeners } from "../support/abort_listener_count.ts";

function recorder(calls: string[], name: string): AbortTarget {
  return { onAbort: () => void calls.push(name) };
}

/** A signal whose listener the test calls itself, and so sees its errors. */
function stubSignal(): { signal: AbortSignal; listeners: EventListenerObject[] } {
  const listeners: EventListenerObject[] = [];
  const stub = {
    addEventListener: (_type: string, listener: EventListenerObject) => void listeners.push(listener),
    removeEventListener: (_type: string, listener: EventListenerObject) => {
      listeners.splice(listeners.indexOf(listener), 1);
    },
  };
  return { signal: stub as unknown as AbortSignal, listeners };
}

test("addAbortListener() calls targets first in first out, with the signal", () => {
  const controller = new AbortController();
  const calls: [string, AbortSignal][] = [];
  for (const name of ["a", "b", "c"]) {
    addAbortListener(controller.signal, { onAbort: (signal) => void calls.push([name, signal]) });
  }
  controller.abort();

  assertEquals(calls.map(([name]) => name), ["a", "b", "c"]);
  for (const [, signal] of calls) assertStrictEquals(signal, controller.signal);
});

test("addAbortListener() puts one listener on a signal, which the last target to leave removes", () => {
  const { signal } = new AbortController();
  const count = countAbortListeners(signal);
  const targets = Array.from({ length: 1_000 }, (_, index) => recorder([], String(index)));
  for (const target of targets) addAbortListener(signal, target);
  assertEquals(count, { now: 1, most: 1 });

  for (const target of targets.slice(1)) removeAbortListener(signal, target);
  assertEquals(count.now, 1);
  removeAbortListener(signal, targets[0]!);
  assertEquals(count.now, 0);
});

test("addAbortListener() leaves no listener after the abort", () => {
  const controller = new AbortController();
  const count = countAbortListeners(controller.signal);
  for (let index = 0; index < 3; index++) addAbortListener(controller.signal, recorder([], "x"));
  controller.abort();

  assertEquals(count, { now: 0, most: 1 });
});

test("addAbortListener() starts anew on a signal whose targets have all left", () => {
  const controller = new AbortController();
  const calls: string[] = [];
  const first = recorder(calls, "first");
  addAbortListener(controller.signal, first);
  removeAbortListener(controller.signal, first);
  addAbortListener(controller.signal, recorder(calls, "second"));
  controller.abort();

  assertEquals(calls, ["second"]);
});

test("addAbortListener() calls a target once that was added twice", () => {
  const controller = new AbortController();
  const calls: string[] = [];
  const target = recorder(calls, "a");
  addAbortListener(controller.signal, target);
  addAbortListener(controller.signal, target);
  controller.abort();

  assertEquals(calls, ["a"]);
});

test("addAbortListener() keeps the targets of two signals apart", () => {
  const first = new AbortController();
  const second = new AbortController();
  const calls: string[] = [];
  addAbortListener(first.signal, recorder(calls, "first"));
  addAbortListener(second.signal, recorder(calls, "second"));
  second.abort();

  assertEquals(calls, ["second"]);
});

test("removeAbortListener() works while targets are being called, for targets whose turn has not come", () => {
  const controller = new AbortController();
  const calls: string[] = [];
  const last = recorder(calls, "last");
  addAbortListener(controller.signal, { onAbort: (signal) => removeAbortListener(signal, last) });
  addAbortListener(controller.signal, recorder(calls, "middle"));
  addAbortListener(controller.signal, last);
  controller.abort();

  assertEquals(calls, ["middle"]);
});

test("removeAbortListener() does nothing for a target that is not registered", () => {
  const { signal } = new AbortController();
  const count = countAbortListeners(signal);
  removeAbortListener(signal, recorder([], "stranger"));
  addAbortListener(signal, recorder([], "a"));
  removeAbortListener(signal, recorder([], "stranger"));

  assertEquals(count.now, 1);
});

test("addAbortListener() calls the others when a target throws, then throws its error", () => {
  const { signal, listeners } = stubSignal();
  const calls: string[] = [];
  const error = new Error("target");
  addAbortListener(signal, recorder(calls, "a"));
  addAbortListener(signal, {
    onAbort: () => {
      throw error;
    },
  });
  addAbortListener(signal, recorder(calls, "c"));
  const thrown = assertThrows(() => listeners[0]!.handleEvent(new Event("abort")));

  assertStrictEquals(thrown, error);
  assertEquals(calls, ["a", "c"]);
  assertEquals(listeners, []);
});

test("addAbortListener() throws all errors when several targets throw", () => {
  const { signal, listeners } = stubSignal();
  const errors = [new Error("a"), new Error("b")];
  for (const error of errors) {
    addAbortListener(signal, {
      onAbort: () => {
        throw error;
      },
    });
  }
  const thrown = assertThrows(() => listeners[0]!.handleEvent(new Event("abort")), AggregateError);

  assertEquals(thrown.errors, errors);
});

import { assertEquals } from "@std/assert";
import { Observers } from "../../src/primitives/observers.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { test } from "../support/test.ts";

test("Observers passes each event to all listeners, in the order in which they were added", () => {
  const observers = new Observers<number>();
  const heard: string[] = [];
  observers.add((event) => void heard.push(`a${event}`));
  observers.add((event) => void heard.push(`b${event}`));
  observers.notify(1);
  observers.notify(2);

  assertEquals(heard, ["a1", "b1", "a2", "b2"]);
});

test("Observers passes on an event that a listener causes after the present one", () => {
  const observers = new Observers<number>();
  const heard: string[] = [];
  observers.add((event) => {
    heard.push(`a${event}`);
    if (event < 3) observers.notify(event + 1);
  });
  observers.add((event) => void heard.push(`b${event}`));
  observers.notify(1);

  assertEquals(heard, ["a1", "b1", "a2", "b2", "a3", "b3"]);
});

test("Observers goes on when a listener throws", () => {
  const observers = new Observers<number>();
  const heard: number[] = [];
  observers.add(() => {
    throw new Error("listener");
  });
  observers.add((event) => void heard.push(event));
  observers.notify(1);
  observers.notify(2);

  assertEquals(heard, [1, 2]);
});

test("Observers goes on when an async listener rejects, and leaves no unhandled rejection", async () => {
  const observers = new Observers<number>();
  const heard: number[] = [];
  observers.add(() => Promise.reject(new Error("listener")) as unknown as void);
  observers.add((event) => void heard.push(event));
  observers.notify(1);
  await eventLoopTurn();

  assertEquals(heard, [1]);
});

test("Observers passes nothing more to a disposed listener, also in the middle of an event", () => {
  const observers = new Observers<number>();
  const heard: string[] = [];
  observers.add(() => second[Symbol.dispose]());
  const second = observers.add((event) => void heard.push(`second${event}`));
  const third = observers.add((event) => void heard.push(`third${event}`));
  observers.notify(1);
  third[Symbol.dispose]();
  third[Symbol.dispose]();
  observers.notify(2);

  assertEquals(heard, ["third1"]);
  assertEquals(observers.size, 1);
});

test("Observers calls a listener twice that was added twice, and each subscription ends on its own", () => {
  const observers = new Observers<number>();
  let calls = 0;
  const listener = () => void calls++;
  const first = observers.add(listener);
  observers.add(listener);
  observers.notify(1);
  first[Symbol.dispose]();
  observers.notify(2);

  assertEquals(calls, 3);
});

test("Observers names the listener that has failed, now or later, and can leave that one out", async () => {
  const heard: string[] = [];
  const observers = new Observers<string>((observer, error, isLeftOut) => {
    heard.push(`failed: ${(error as Error).message}, ${isLeftOut}`);
    if (!isLeftOut) observers.notify("warning", observer);
  });
  observers.add((event) => {
    heard.push(`a ${event}`);
    throw new Error("a");
  });
  observers.add((event) => {
    heard.push(`b ${event}`);
    return Promise.reject(new Error("b")) as unknown as void;
  });
  observers.notify("event");
  assertEquals(heard.splice(0), ["a event", "failed: a, false", "b event", "b warning"]);
  await eventLoopTurn();

  assertEquals(heard, ["failed: b, false", "a warning", "failed: a, true", "failed: b, true"]);
});

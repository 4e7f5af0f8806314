import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { EventHub } from "../../src/client/event_hub.ts";
import type { ClientEvent } from "../../src/policies/event.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";

function setUp() {
  const clock = new ManualClock({ nowMs: 7 });
  return { hub: new EventHub(clock), heard: [] as string[] };
}

/** Creates an event that a test can tell from the others. */
function eventOf(requestId: number): ClientEvent {
  return { type: "body", requestId, atMs: 0, attempt: 1, bytes: 0 };
}

function nameOf(event: ClientEvent): string {
  return "requestId" in event ? String(event.requestId) : event.type;
}

test("EventHub is active while it has a listener", () => {
  const { hub } = setUp();
  assertEquals(hub.active, false);
  hub.emit(eventOf(1));
  const first = hub.on(() => {});
  const second = hub.on(() => {});
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assertEquals(hub.active, true);
  second[Symbol.dispose]();
  assertEquals(hub.active, false);
});

test("EventHub passes the event itself to all listeners, in the order in which they were added", () => {
  const { hub, heard } = setUp();
  const event = eventOf(1);
  for (const name of ["a", "b"]) {
    hub.on((given) => {
      assertStrictEquals(given, event);
      heard.push(name);
    });
  }
  hub.emit(event);
  assertEquals(heard, ["a", "b"]);
});

test("EventHub.on() accepts the same listener twice, and each subscription ends on its own", () => {
  const { hub, heard } = setUp();
  const listener = (event: ClientEvent): void => void heard.push(nameOf(event));
  const first = hub.on(listener);
  hub.on(listener);
  hub.emit(eventOf(1));
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  hub.emit(eventOf(2));
  assertEquals(heard, ["1", "1", "2"]);
});

test("EventHub.on() refuses a value that is no function", () => {
  const { hub } = setUp();
  for (const listener of [undefined, null, "listener", {}]) {
    assertThrows(() => hub.on(listener as unknown as () => void), TypeError, "must be a function");
  }
  assertEquals(hub.active, false);
});

test("EventHub warns the other listeners of a listener that throws, and goes on", () => {
  const { hub } = setUp();
  const failure = new Error("broken listener");
  const heard: ClientEvent[] = [];
  hub.on(() => {
    throw failure;
  });
  hub.on((event) => heard.push(event));
  hub.emit(eventOf(1));
  const warning = heard.find(({ type }) => type === "warning");
  assertEquals(heard.length, 2);
  assertEquals(warning, {
    type: "warning",
    atMs: 7,
    source: "listener",
    message: "A listener of client.on() threw",
    error: failure,
  });
});

test("EventHub warns the other listeners of an async listener that rejects, and leaves no unhandled rejection", async () => {
  const { hub, heard } = setUp();
  hub.on(async (event) => {
    await Promise.resolve();
    throw new Error(nameOf(event));
  });
  hub.on(async (event) => {
    heard.push(event.type === "warning" ? String((event.error as Error).message) : nameOf(event));
    if (event.type === "warning") throw await Promise.resolve(new Error("of a warning"));
  });
  hub.emit(eventOf(1));
  hub.emit(eventOf(2));
  await eventLoopTurn();

  assertEquals(heard, ["1", "2", "1", "2"]);
});

test("EventHub survives listeners that all throw at everything", () => {
  const { hub } = setUp();
  let calls = 0;
  for (let index = 0; index < 3; index++) {
    hub.on(() => {
      calls++;
      throw new Error("broken listener");
    });
  }
  hub.emit(eventOf(1));
  // Each listener gets the event, and the warnings about the two others.
  assertEquals(calls, 9);
});

test("EventHub gives a listener that is added during an event only the next one", () => {
  const { hub, heard } = setUp();
  const once = hub.on(() => {
    once[Symbol.dispose]();
    hub.on((event) => heard.push(nameOf(event)));
  });
  hub.emit(eventOf(1));
  hub.emit(eventOf(2));
  assertEquals(heard, ["2"]);
});

test("EventHub gives every listener the events in order, also those that a listener causes", () => {
  const { hub, heard } = setUp();
  hub.on((event) => {
    if (nameOf(event) === "1") hub.emit(eventOf(2));
  });
  hub.on((event) => heard.push(nameOf(event)));
  hub.emit(eventOf(1));
  assertEquals(heard, ["1", "2"]);
});

test("EventHub gives a disposed listener nothing more, not even events from before the disposal", () => {
  const { hub, heard } = setUp();
  hub.on((event) => {
    // An event that a listener causes waits until all have the present one.
    if (nameOf(event) === "1") hub.emit(eventOf(2));
  });
  const listening = hub.on((event) => {
    heard.push(`a${nameOf(event)}`);
    listening[Symbol.dispose]();
  });
  hub.on((event) => heard.push(`b${nameOf(event)}`));
  hub.emit(eventOf(1));
  assertEquals(heard, ["a1", "b1", "b2"]);
});

test("EventHub gives nothing to a listener that an earlier one disposes, nor reports that one's failure to it", () => {
  const { hub, heard } = setUp();
  hub.on(() => {
    second[Symbol.dispose]();
    throw new Error("fails after it has disposed the other one");
  });
  const second = hub.on((event) => heard.push(nameOf(event)));
  hub.on((event) => heard.push(nameOf(event)));
  hub.emit(eventOf(1));
  assertEquals(heard, ["1", "warning"]);
});

test("EventHub passes on events and warnings whose errors JSON does not make empty", () => {
  const { hub, heard } = setUp();
  hub.on((event) => heard.push(JSON.stringify("error" in event ? event : event.type)));
  hub.on(() => {
    throw new RangeError("thrown");
  });
  hub.emit({ type: "warning", atMs: 0, source: "cache", message: "failed", error: new TypeError("why") });
  hub.emit(eventOf(1));
  const told = heard.map((text) => JSON.parse(text)?.error?.message);
  assertEquals(told, ["why", "thrown", undefined, "thrown"]);
});

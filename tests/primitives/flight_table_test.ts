import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { FlightTable } from "../../src/primitives/flight_table.ts";
import { test } from "../support/test.ts";

test("FlightTable.join() finds the execution of a key, and adds a member", () => {
  const table = new FlightTable<string, number, string>();
  const promise = Promise.resolve(1);
  assertEquals([table.join("a"), table.size], [undefined, 0]);
  const flight = table.start("a", "worker", promise);
  assertEquals([flight.members, table.size, table.join("b")], [1, 1, undefined]);
  assertStrictEquals(table.join("a"), flight);
  assertEquals([flight.members, flight.worker], [2, "worker"]);
  assertStrictEquals(flight.promise, promise);
});

test("Flight.leave() is true for the last member alone, and frees the key", () => {
  const table = new FlightTable<string, number, string>();
  const flight = table.start("a", "worker", Promise.resolve(1));
  table.join("a");
  assertEquals([flight.leave(), table.size], [false, 1]);
  assertEquals([flight.leave(), table.size, table.join("a")], [true, 0, undefined]);
  // Who does the work must still be found, to be stopped.
  assertEquals([flight.worker, flight.members], ["worker", 0]);
});

test("Flight.end() lets go of everything but the number of members", () => {
  const table = new FlightTable<string, number, string>();
  const flight = table.start("a", "worker", Promise.resolve(1));
  table.join("a");
  flight.end();
  flight.end();
  assertEquals([flight.promise, flight.worker, flight.members], [undefined, undefined, 2]);
  assertEquals([table.size, table.join("a")], [0, undefined]);
});

test("Flight that was left or has ended does not disturb its successor under the same key", () => {
  const table = new FlightTable<string, number, string>();
  const left = table.start("a", "first", Promise.resolve(1));
  assert(left.leave());
  const second = table.start("a", "second", Promise.resolve(2));
  left.end();
  assertStrictEquals(table.join("a"), second);

  second.end();
  const third = table.start("a", "third", Promise.resolve(3));
  second.leave();
  second.leave();
  assertStrictEquals(table.join("a"), third);
  assertEquals(table.size, 1);
});

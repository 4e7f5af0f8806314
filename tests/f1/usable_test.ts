import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { InvalidDataError } from "../../src/errors.ts";
import { usableDrivers, usableLaps } from "../../src/f1/usable.ts";
import { test } from "../support/test.ts";

/** Unchecked contents that are not of the required shape. */
const OTHERS: readonly unknown[] = [undefined, null, 7, true, "laps", [], [1], {}, {
  drivers: {},
  lap: 1,
  time: "x",
}];

test("usableDrivers() returns the drivers of a file, each once", () => {
  const drivers = [{ driver: "VER", team: "A" }, { driver: "NOR", team: "B" }];
  assertStrictEquals(usableDrivers({ drivers }, "drivers.json"), drivers);
  assertEquals(
    usableDrivers({ drivers: [...drivers, { driver: "VER", team: "C" }] }, "drivers.json"),
    drivers,
  );
  assertEquals(usableDrivers({ drivers: [] }, "drivers.json"), []);
});

test("usableDrivers() refuses a payload that is no list of drivers with codes, and names the file", () => {
  const lists = [null, "VER", 5, { driver: 5 }, { driver: null }, { driver: "" }, {}, []];
  for (const payload of [...OTHERS, ...lists.map((entry) => ({ drivers: [{ driver: "VER" }, entry] }))]) {
    const error = assertThrows(() => usableDrivers(payload, "2025@main/a/b/drivers.json"), InvalidDataError);
    assertEquals(error.url, "2025@main/a/b/drivers.json");
    assertEquals([error.reason, error.issues.map(({ path }) => path)], ["schema", ["drivers"]]);
  }
});

test("usableLaps() returns a file with the columns of laps and times, and refuses any other", () => {
  const laps = { lap: [1], time: ["None"] };
  assertStrictEquals<unknown>(usableLaps(laps, "VER/laptimes.json"), laps);
  for (const payload of [...OTHERS, { lap: [1] }, { time: [91] }, { lap: [1], time: null }]) {
    assertThrows(() => usableLaps(payload, "VER/laptimes.json"), InvalidDataError, "VER/laptimes.json");
  }
  assertEquals<unknown>(usableLaps({ lap: [1] }, "VER/laptimes.json", ["lap"]), { lap: [1] });
});

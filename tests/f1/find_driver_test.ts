import { assertEquals, assertThrows } from "@std/assert";
import type { Driver } from "../../src/f1/drivers.ts";
import { codeOf, findDriver } from "../../src/f1/find_driver.ts";
import { test } from "../support/test.ts";

const DRIVERS: readonly Driver[] = [
  { driver: "VER", team: "Red Bull Racing", dn: "1", fn: "Max", ln: "Verstappen" },
  { driver: "HUL", team: "Kick Sauber", dn: "27", fn: "Nico", ln: "Hülkenberg" },
  { driver: "ALO", team: null, dn: null, ln: null },
  { driver: "LIN", team: "Racing Bulls" },
];

test("findDriver() goes by code, number and last name, whatever the case and the accents", () => {
  const names: readonly [string | number, string][] = [
    ["VER", "VER"],
    ["ver", "VER"],
    [1, "VER"],
    ["27", "HUL"],
    ["Hulkenberg", "HUL"],
    ["hülkenberg", "HUL"],
    ["LIN", "LIN"],
    ["max verstappen", "VER"],
    ["Nico HULKENBERG", "HUL"],
  ];
  for (const [name, code] of names) assertEquals(findDriver(DRIVERS, name).driver, code);
});

test("findDriver() suggests who may have been meant, or says who took part", () => {
  assertThrows(() => findDriver(DRIVERS, "VRE"), RangeError, "did you mean 'VER'?");
  assertThrows(() => findDriver(DRIVERS, "Verstapen"), RangeError, "did you mean 'VER'?");
  const error = assertThrows(() => findDriver(DRIVERS, 99), RangeError);
  assertEquals(
    error.message,
    `Cannot find driver as there is no "99" in this session; there are 'VER', 'HUL', 'ALO', 'LIN'`,
  );
  assertThrows(() => findDriver(DRIVERS, ""), RangeError, "there are 'VER'");
  assertThrows(() => findDriver(DRIVERS, null as never), TypeError, "'driver' must be a code");
});

test("codeOf() is for three letters, in whatever case", () => {
  assertEquals(["VER", "ver", "Ver"].map(codeOf), ["VER", "VER", "VER"]);
  for (const name of ["", "VE", "VERS", "1", 1, "VÉR", "V R", "../", null]) {
    assertEquals(codeOf(name), undefined, String(name));
  }
});

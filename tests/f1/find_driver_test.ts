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

test("findDriver() accepts a code, a number or a last name, whatever the case and the accents", () => {
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

test("findDriver() also accepts the family name first, and other characters between the names", () => {
  const drivers = [...DRIVERS, { driver: "ZHO", team: "Kick Sauber", dn: "24", fn: "Guanyu", ln: "Zhou" }];
  const names: readonly [string, string][] = [
    ["Zhou Guanyu", "ZHO"],
    ["Guanyu Zhou", "ZHO"],
    ["VERSTAPPEN, Max", "VER"],
    ["verstappen_max", "VER"],
  ];
  for (const [name, code] of names) assertEquals(findDriver(drivers, name).driver, code, name);
});

test("findDriver() does not choose between drivers of one name, and finds each by the rest of the name", () => {
  const drivers: readonly Driver[] = [
    { driver: "LEC", team: "Ferrari", dn: "16", fn: "Charles", ln: "Leclerc" },
    { driver: "ALE", team: "Ferrari", dn: "38", fn: "Arthur", ln: "Leclerc" },
    // A code or a number takes precedence over a similar name.
    { driver: "RUS", team: "Mercedes", dn: "63", fn: "George", ln: "Ale" },
  ];
  for (const name of ["Leclerc", "LECLERC", "leclerc"]) {
    assertThrows(() => findDriver(drivers, name), RangeError, "may be any of 'LEC', 'ALE' in this session");
  }
  const names: readonly [string | number, string][] = [
    ["Arthur Leclerc", "ALE"],
    ["Leclerc Charles", "LEC"],
    ["lec", "LEC"],
    ["ale", "ALE"],
    [38, "ALE"],
  ];
  for (const [name, code] of names) assertEquals(findDriver(drivers, name).driver, code, String(name));
  const twins = [{ driver: "A", team: null, dn: "7" }, { driver: "B", team: null, dn: "7" }];
  assertThrows(() => findDriver(twins, 7), RangeError, "7 may be any of 'A', 'B'");
});

test("findDriver() suggests the driver of a first name", () => {
  const drivers = [{ driver: "MAG", team: "Haas", fn: "Kevin", ln: "Magnussen" }, ...DRIVERS];
  assertThrows(() => findDriver(drivers, "Max"), RangeError, "did you mean 'VER'?");
  assertThrows(() => findDriver(drivers, "kevin"), RangeError, "did you mean 'MAG'?");
});

test("findDriver() suggests the driver that may have been meant, or lists the drivers", () => {
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

test("findDriver() says when it can find no name and no number, because the list has none", () => {
  const drivers = [{ driver: "HAM", team: "Ferrari" }, { driver: "VER", team: null, dn: null }];
  for (const name of [44, "hamilton"]) {
    const error = assertThrows(() => findDriver(drivers, name), RangeError);
    assertEquals(
      error.message,
      `Cannot find driver as there is no "${name}" in this session, whose list of drivers has no names and numbers; ` +
        `there are 'HAM', 'VER'`,
    );
  }
  const error = assertThrows(() => findDriver(drivers, "HAN"), RangeError);
  assertEquals(
    error.message,
    `Cannot find driver as there is no "HAN" in this session; did you mean 'HAM'?`,
  );
});

test("codeOf() accepts three letters, in whatever case", () => {
  assertEquals(["VER", "ver", "Ver"].map(codeOf), ["VER", "VER", "VER"]);
  for (const name of ["", "VE", "VERS", "1", 1, "VÉR", "V R", "../", null]) {
    assertEquals(codeOf(name), undefined, String(name));
  }
});

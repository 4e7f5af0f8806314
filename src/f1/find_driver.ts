/**
 * Finds a driver by code, car number or name.
 *
 * @module
 */

import { argumentError } from "../primitives/argument_checks.ts";
import type { Driver } from "./drivers.ts";
import { ambiguousName, key, nearest, unknownName } from "./near_miss.ts";

/** The names of a driver, from the most to the least certain kind. A name that two drivers share identifies neither. */
const NAMES: readonly ((driver: Driver) => readonly unknown[])[] = [
  ({ driver }) => [driver],
  ({ dn }) => [dn],
  // Some people write the family name first.
  ({ fn, ln }) => [`${fn ?? ""}${ln ?? ""}`, `${ln ?? ""}${fn ?? ""}`],
  ({ ln }) => [ln],
];

/**
 * Finds a driver by the code, the car number, the last name or the full name, whatever the case.
 *
 * @param drivers The drivers who took part.
 * @param name `"VER"`, `"ver"`, `1`, `"1"`, `"Verstappen"` or `"Max Verstappen"`.
 * @returns The driver.
 * @throws {RangeError} If no driver, or several drivers, have that name. The message suggests the nearest driver, or lists the
 * drivers.
 */
export function findDriver(drivers: readonly Driver[], name: string | number): Driver {
  if (typeof name !== "string" && typeof name !== "number") {
    throw argumentError("find driver", "driver", "a code, a car number or a last name", name);
  }
  const wanted = key(String(name));
  for (const namesOf of wanted === "" ? [] : NAMES) {
    const found = drivers.filter((driver) => keysOf(namesOf(driver)).includes(wanted));
    if (found.length > 1) {
      throw ambiguousName("driver", name, "in this session", found.map(({ driver }) => driver));
    }
    if (found.length === 1) return found[0]!;
  }
  throw unknownDriver(drivers, name);
}

/**
 * Creates the error for a driver who did not take part.
 *
 * @param drivers The drivers who took part.
 * @param name The name of the driver who did not.
 * @returns The error. Its message suggests the nearest driver, or lists the drivers; and it says if their list has codes alone,
 * in which case the driver may have taken part.
 */
export function unknownDriver(drivers: readonly Driver[], name: string | number): RangeError {
  const wanted = key(String(name));
  const names = drivers.flatMap((driver) =>
    keysOf([...NAMES.flatMap((namesOf) => namesOf(driver)), driver.fn]).map((text) => ({ driver, text }))
  );
  const meant = typeof name === "number" ? undefined : nearest(names, wanted, ({ text }) => text);
  const codes = drivers.map(({ driver }) => driver);
  // Some files have codes and teams alone.
  const isNamed = codeOf(name) !== undefined ||
    drivers.some(({ dn, fn, ln }) => typeof (dn ?? fn ?? ln) === "string");
  const where = `in this session${isNamed ? "" : ", whose list of drivers has no names and numbers"}`;
  return unknownName("driver", String(name), where, meant?.driver.driver, codes);
}

function keysOf(names: readonly unknown[]): readonly string[] {
  return names.map((name) => key(String(name ?? "")));
}

/**
 * Returns the code that a name stands for, if no list of drivers is needed to know it.
 *
 * @param name The name of a driver.
 * @returns Three letters in upper case, as all codes are; `undefined` for a name that must be looked up.
 */
export function codeOf(name: unknown): string | undefined {
  return typeof name === "string" && /^[a-z]{3}$/i.test(name) ? name.toUpperCase() : undefined;
}

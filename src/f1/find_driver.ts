/**
 * From what people call a driver to the driver.
 *
 * @module
 */

import { argumentError } from "../primitives/argument_checks.ts";
import type { Driver } from "./drivers.ts";
import { key, nearest, unknownName } from "./near_miss.ts";

/** What a driver may be called, from the most to the least certain: one that two drivers share is neither's. */
const NAMES: readonly ((driver: Driver) => readonly unknown[])[] = [
  ({ driver }) => [driver],
  ({ dn }) => [dn],
  // Some people write the family name first.
  ({ fn, ln }) => [`${fn ?? ""}${ln ?? ""}`, `${ln ?? ""}${fn ?? ""}`],
  ({ ln }) => [ln],
];

/**
 * Finds a driver by the code, the car number, the last name or the whole name, whatever the case.
 *
 * @param drivers Who took part.
 * @param name `"VER"`, `"ver"`, `1`, `"1"`, `"Verstappen"` or `"Max Verstappen"`.
 * @returns The driver.
 * @throws {RangeError} If there is none, or there are several; the message says who may have been meant.
 */
export function findDriver(drivers: readonly Driver[], name: string | number): Driver {
  if (typeof name !== "string" && typeof name !== "number") {
    throw argumentError("find driver", "driver", "a code, a car number or a last name", name);
  }
  const wanted = key(String(name));
  for (const namesOf of wanted === "" ? [] : NAMES) {
    const found = drivers.filter((driver) => keysOf(namesOf(driver)).includes(wanted));
    if (found.length > 1) throw severalDrivers(name, found);
    if (found.length === 1) return found[0]!;
  }
  const names = drivers.flatMap((driver) =>
    keysOf([...NAMES.flatMap((namesOf) => namesOf(driver)), driver.fn]).map((text) => ({ driver, text }))
  );
  const meant = typeof name === "number" ? undefined : nearest(names, wanted, ({ text }) => text);
  const codes = drivers.map(({ driver }) => driver);
  throw unknownName("driver", String(name), "in this session", meant?.driver.driver, codes);
}

function keysOf(names: readonly unknown[]): readonly string[] {
  return names.map((name) => key(String(name ?? "")));
}

function severalDrivers(name: string | number, found: readonly Driver[]): RangeError {
  const codes = found.map(({ driver }) => `'${driver}'`).join(", ");
  return new RangeError(
    `Cannot find driver as ${JSON.stringify(name)} may be any of ${codes} in this session`,
  );
}

/**
 * The code that a name says without a look at the drivers.
 *
 * @param name What a driver is called.
 * @returns Three letters in upper case, as all codes are; `undefined` for what has to be looked up.
 */
export function codeOf(name: unknown): string | undefined {
  return typeof name === "string" && /^[a-z]{3}$/i.test(name) ? name.toUpperCase() : undefined;
}

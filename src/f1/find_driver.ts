/**
 * From what people call a driver to the driver.
 *
 * @module
 */

import { argumentError } from "../primitives/argument_checks.ts";
import type { Driver } from "./drivers.ts";
import { key, nearest, unknownName } from "./near_miss.ts";

/**
 * Finds a driver by the code, the car number, the last name or the whole name, whatever the case.
 *
 * @param drivers Who took part.
 * @param name `"VER"`, `"ver"`, `1`, `"1"` or `"Verstappen"`.
 * @returns The driver.
 * @throws {RangeError} If there is none; the message says who may have been meant.
 */
export function findDriver(drivers: readonly Driver[], name: string | number): Driver {
  if (typeof name !== "string" && typeof name !== "number") {
    throw argumentError("find driver", "driver", "a code, a car number or a last name", name);
  }
  const wanted = key(String(name));
  const namesOf = ({ driver, dn, fn, ln }: Driver) =>
    [driver, dn, ln, `${fn ?? ""}${ln ?? ""}`].map((text) => key(String(text ?? "")));
  const found = wanted === "" ? undefined : drivers.find((driver) => namesOf(driver).includes(wanted));
  if (found !== undefined) return found;
  const names = drivers.flatMap((driver) => namesOf(driver).map((text) => ({ driver, text })));
  const meant = typeof name === "number" ? undefined : nearest(names, wanted, ({ text }) => text);
  const codes = drivers.map(({ driver }) => driver);
  throw unknownName("driver", String(name), "in this session", meant?.driver.driver, codes);
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

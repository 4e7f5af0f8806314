/**
 * The drivers that `slipstream f1 --driver` names.
 *
 * @module
 */

import { codeOf, findDriver } from "../f1/find_driver.ts";
import type { F1RequestOptions } from "../f1/payload_request.ts";
import type { F1Session } from "../f1/session.ts";
import { UsageError } from "./args.ts";

/**
 * Returns the codes of drivers who are given by code, number or name. It requests the list of drivers only if one is not given by
 * code.
 *
 * @param session The session in which they took part.
 * @param names Codes, car numbers and names.
 * @param options Options of the request for the list of drivers.
 * @returns The codes, each once.
 * @throws {UsageError} Rejects, if no driver of that name took part, or several did.
 */
export async function driverCodes(
  session: Pick<F1Session, "drivers">,
  names: readonly string[],
  options: F1RequestOptions,
): Promise<readonly string[]> {
  const isKnown = names.every((name) => codeOf(name) !== undefined);
  const drivers = isKnown ? [] : await session.drivers(options);
  try {
    return [...new Set(names.map((name) => codeOf(name) ?? findDriver(drivers, name).driver))];
  } catch (cause) {
    throw new UsageError((cause as RangeError).message, { cause });
  }
}

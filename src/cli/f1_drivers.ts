/**
 * The drivers that `slipstream f1 --driver` names.
 *
 * @module
 */

import { codeOf } from "../f1/find_driver.ts";
import type { F1RequestOptions } from "../f1/payload_request.ts";
import type { F1Session } from "../f1/session.ts";
import { UsageError } from "./args.ts";

/**
 * The codes of drivers, whatever they are called; only what is no code is looked up.
 *
 * @param session Where they took part.
 * @param names Codes, car numbers and names.
 * @param options Options of the request that looks them up.
 * @returns The codes, each once.
 * @throws {UsageError} Rejects, if nobody of that name took part.
 */
export async function driverCodes(
  session: Pick<F1Session, "driver">,
  names: readonly string[],
  options: F1RequestOptions,
): Promise<readonly string[]> {
  const codes: string[] = [];
  for (const name of names) codes.push(codeOf(name) ?? await lookUp(session, name, options));
  return [...new Set(codes)];
}

async function lookUp(
  session: Pick<F1Session, "driver">,
  name: string,
  options: F1RequestOptions,
): Promise<string> {
  try {
    return (await session.driver(name, options)).driver;
  } catch (cause) {
    if (cause instanceof RangeError) throw new UsageError(cause.message, { cause });
    throw cause;
  }
}

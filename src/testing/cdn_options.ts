/**
 * The options of a simulated CDN.
 *
 * @module
 */

import { assertKnownOptions } from "../http/option_hints.ts";
import { shapeError } from "../primitives/argument_checks.ts";
import type { Clock } from "../primitives/clock.ts";
import type { FaultRule } from "../middleware/faults/fault.ts";
import type { Latency } from "../middleware/faults/latency.ts";
import type { Resources } from "./resource.ts";

/** A mirror of the simulated CDN. */
export interface SimulatedMirrorOptions {
  /** Its name, in logs and fault rules. */
  readonly name: string;
  /**
   * The origin at which the `fetch` of the CDN reaches the mirror.
   *
   * @default {https://NAME.test}
   */
  readonly origin?: string | undefined;
  /**
   * How long the mirror takes to answer.
   *
   * @default {the CDN's}
   */
  readonly latency?: Latency | undefined;
  /**
   * How fast the mirror sends each body, in bytes per second.
   *
   * @default {the CDN's}
   */
  readonly bytesPerSecond?: number | undefined;
}

/** Options of `createSimulatedCdn`. */
export interface SimulatedCdnOptions {
  /** The resources, which are the same on all mirrors. */
  readonly resources: Resources;
  /**
   * The mirrors, by name or with options.
   *
   * @default {one named `cdn`, which answers for every origin}
   */
  readonly mirrors?: readonly (string | SimulatedMirrorOptions)[] | undefined;
  /**
   * How long each mirror takes to answer.
   *
   * @default {0}
   */
  readonly latency?: Latency | undefined;
  /**
   * How fast each mirror sends a body, in bytes per second.
   *
   * @default {Infinity}
   */
  readonly bytesPerSecond?: number | undefined;
  /**
   * The fault rules; of several rules that match a request, the first one applies.
   *
   * @default {[]}
   */
  readonly faults?: readonly FaultRule[] | undefined;
  /**
   * The seed of the random numbers, a safe integer. With a full log, the faults and the latency of a request depend on the seed,
   * the mirror, the URL, and the number of the request among those of this URL to this mirror; other requests in flight do not
   * change them. With `log: "counts"` they depend on the order of requests.
   *
   * @default {1}
   */
  readonly seed?: number | undefined;
  /**
   * The source of time.
   *
   * @default {the system's clock}
   */
  readonly clock?: Clock | undefined;
  /**
   * Whether the log keeps every request, or only counts, which take little memory for any number of requests.
   *
   * @default {"full"}
   */
  readonly log?: "full" | "counts" | undefined;
}

const ACTION = "create simulated CDN";
const NAMES: readonly (keyof SimulatedMirrorOptions)[] = ["name", "origin", "latency", "bytesPerSecond"];

/**
 * Checks the names and origins of the mirrors, and fills in defaults.
 *
 * @throws {TypeError | RangeError} If a mirror has the wrong shape, or a value is out of range.
 */
export function checkedMirrors(mirrors: SimulatedCdnOptions["mirrors"]): readonly SimulatedMirrorOptions[] {
  if (mirrors === undefined) return [{ name: "cdn" }];
  if (!Array.isArray(mirrors) || mirrors.length === 0) {
    throw shapeError(ACTION, "mirrors", "an array of at least one mirror", mirrors);
  }
  const checked = mirrors.map(checkedMirror);
  for (const key of ["name", "origin"] as const) {
    const values = checked.map((mirror) => mirror[key]);
    const twice = values.find((value, index) => values.indexOf(value) !== index);
    if (twice !== undefined) {
      throw shapeError(ACTION, `mirrors[].${key}`, "different for every mirror", twice);
    }
  }
  return checked;
}

function checkedMirror(mirror: string | SimulatedMirrorOptions, index: number): SimulatedMirrorOptions {
  const options = typeof mirror === "string" ? { name: mirror } : mirror;
  if (typeof options !== "object" || options === null) {
    throw shapeError(ACTION, `mirrors[${index}]`, "a name, or an object with a name", options);
  }
  const { name } = options;
  if (typeof name !== "string" || name === "") {
    throw shapeError(ACTION, `mirrors[${index}].name`, "a string that is not empty", name);
  }
  const { origin = `https://${name.toLowerCase()}.test` } = options;
  if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
    throw shapeError(ACTION, `mirrors[${index}].origin`, "an origin such as https://cdn.test", origin);
  }
  assertKnownOptions(ACTION, options, NAMES, { prefix: `mirrors[${index}].` });
  return { ...options, origin };
}

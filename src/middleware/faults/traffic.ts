/**
 * Counts the requests to each origin, for the conditions of fault rules.
 *
 * @module
 */

import type { Clock } from "../../primitives/clock.ts";
import type { CdnRequest } from "./cdn_request.ts";
import type { Fault } from "./fault.ts";
import type { FaultRules } from "./fault_rules.ts";

/** Counts real requests as the mirrors of the simulated CDN count theirs. */
export class Traffic {
  readonly #rules: FaultRules;
  readonly #random: () => number;
  readonly #byOrigin = new Map<string, number>();
  /** The number of requests by URL; only if a rule has `nth`, because the map grows with the number of URLs. */
  readonly #byUrl: Map<string, number> | undefined;
  #startedAtMs: number | undefined;

  /** Creates counters that start at zero. */
  constructor(rules: FaultRules, random: () => number) {
    this.#rules = rules;
    this.#random = random;
    this.#byUrl = rules.needNth ? new Map() : undefined;
  }

  /** Counts a request, and returns the fault that affects it. */
  faultFor({ method, url, headers }: Request, clock: Clock): Fault | undefined {
    const nowMs = clock.now();
    this.#startedAtMs ??= nowMs;
    const { origin, pathname, search } = new URL(url);
    const request: CdnRequest = {
      mirror: origin,
      method,
      url: pathname + search,
      path: pathname,
      get headers() {
        return Object.fromEntries(headers);
      },
      body: "",
      atMs: nowMs - this.#startedAtMs,
      nth: this.#byUrl === undefined ? 0 : count(this.#byUrl, origin + pathname + search),
    };
    return this.#rules.find(request, count(this.#byOrigin, origin), this.#random);
  }
}

function count(counts: Map<string, number>, key: string): number {
  const next = (counts.get(key) ?? 0) + 1;
  counts.set(key, next);
  return next;
}

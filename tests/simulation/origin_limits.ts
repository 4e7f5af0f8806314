/**
 * Limits that origins enforce, and state in the headers of their answers.
 *
 * @module
 */

import type { Clock } from "../../src/primitives/clock.ts";
import type { Resource } from "../../src/testing/resource.ts";
import type { OriginLimitPlan } from "./plan.ts";

/** The header that states a limit in the form `count:seconds`. */
export const LIMIT_HEADER = "x-app-rate-limit";
/** The header that states the number of counted requests. */
export const COUNT_HEADER = "x-app-rate-limit-count";

/** The limit that an answer states. */
export interface StatedLimit {
  readonly remaining: number;
  /** The time until the quota is full again, in milliseconds. */
  readonly resetMs: number;
}

/** Counts requests in fixed windows. A window begins with the first request after the end of the window before. */
export class OriginLimit {
  readonly #plan: OriginLimitPlan;
  readonly #clock: Clock;
  #beganAtMs = -Infinity;
  #count = 0;

  /** Creates a limit whose quota is unused. */
  constructor(plan: OriginLimitPlan, clock: Clock) {
    this.#plan = plan;
    this.#clock = clock;
  }

  /** Counts a request; returns the refusal if the request exceeds the limit. */
  refuse(): Resource | undefined {
    const nowMs = this.#clock.now();
    if (nowMs >= this.#beganAtMs + this.#plan.windowMs) {
      this.#beganAtMs = nowMs;
      this.#count = 0;
    }
    if (++this.#count <= this.#plan.most) return undefined;
    const wait = this.#plan.namesWait ? { "retry-after": String(this.#resetSeconds) } : {};
    return { status: 429, body: "Too many", headers: { ...this.headers(), ...wait } };
  }

  /** Returns the headers that state the limit now. */
  headers(): Readonly<Record<string, string>> {
    const { most, windowMs, form } = this.#plan;
    const remaining = Math.max(0, most - this.#count);
    const seconds = windowMs / 1_000;
    switch (form) {
      case "draft":
        return {
          "ratelimit": `"all";r=${remaining};t=${this.#resetSeconds}`,
          "ratelimit-policy": `"all";q=${most};w=${seconds}`,
        };
      case "legacy":
        return {
          "x-ratelimit-limit": String(most),
          "x-ratelimit-remaining": String(remaining),
          "x-ratelimit-reset": String(this.#resetSeconds),
        };
      case "counted":
        return { [LIMIT_HEADER]: `${most}:${seconds}`, [COUNT_HEADER]: `${this.#count}:${seconds}` };
    }
  }

  get #resetSeconds(): number {
    return Math.ceil((this.#beganAtMs + this.#plan.windowMs - this.#clock.now()) / 1_000);
  }
}

/** Reads the limit that an answer states in the usual headers. */
export function statedOf(headers: Headers): StatedLimit | undefined {
  const [, r, t] = /r=(\d+);t=(\d+)/.exec(headers.get("ratelimit") ?? "") ?? [];
  const remaining = r ?? headers.get("x-ratelimit-remaining");
  const reset = t ?? headers.get("x-ratelimit-reset");
  if (remaining === null || reset === null) return undefined;
  return { remaining: Number(remaining), resetMs: 1_000 * Number(reset) };
}

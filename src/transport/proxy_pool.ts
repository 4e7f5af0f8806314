/**
 * A pool of proxies: chooses the next one, and lets failing ones rest.
 *
 * @module
 */

import type { Clock } from "../primitives/clock.ts";
import type { ProxyAddress } from "./proxy_address.ts";

/**
 * How to choose a proxy: in turn, at random, or the one with the fewest failures since its last success. A failure counts for as
 * long as a proxy rests.
 */
export type ProxyStrategy = "round-robin" | "random" | "least-failures";

/** The settings of a pool. */
export interface ProxyPoolSettings {
  readonly strategy: ProxyStrategy;
  /** The number of failures in a row after which a proxy rests. */
  readonly maxFailures: number;
  /** How long a proxy rests, in milliseconds. */
  readonly cooldownMs: number;
  readonly clock: Clock;
  readonly random: () => number;
}

/** A proxy with its failures. */
export interface PooledProxy {
  readonly index: number;
  readonly address: ProxyAddress;
  /** Failures since its last success. */
  failures: number;
  /** The time of its last failure since its last success, on the pool's clock. */
  failedAtMs: number;
  /** The end of its rest, on the pool's clock. */
  restsUntilMs: number;
}

/** Chooses proxies for requests, and keeps track of their failures. */
export class ProxyPool {
  readonly proxies: readonly PooledProxy[];
  readonly #settings: ProxyPoolSettings;
  #turn = 0;

  constructor(addresses: readonly ProxyAddress[], settings: ProxyPoolSettings) {
    this.proxies = addresses.map((address, index) => ({
      index,
      address,
      failures: 0,
      failedAtMs: -Infinity,
      restsUntilMs: -Infinity,
    }));
    this.#settings = settings;
  }

  /**
   * Returns the proxies to try for one request, in order: all that do not rest; or, if all of them rest, the one whose rest ends
   * first.
   */
  candidates(): readonly PooledProxy[] {
    const { proxies } = this;
    if (proxies.length === 1) return proxies;
    const nowMs = this.#settings.clock.now();
    const awake = proxies.filter(({ restsUntilMs }) => restsUntilMs <= nowMs);
    if (awake.length > 0) return this.#order(awake, nowMs);
    return [proxies.reduce((first, other) => other.restsUntilMs < first.restsUntilMs ? other : first)];
  }

  /**
   * Orders the proxies that do not rest. They take turns among themselves, so that a resting proxy does not double the load of
   * the one after it.
   */
  #order(awake: readonly PooledProxy[], nowMs: number): readonly PooledProxy[] {
    const { strategy, random, cooldownMs } = this.#settings;
    const count = awake.length;
    const first = strategy === "random"
      ? Math.min(Math.floor(random() * count), count - 1)
      : this.#turn++ % count;
    const inTurn = [...awake.slice(first), ...awake.slice(0, first)];
    if (strategy !== "least-failures") return inTurn;
    // Older failures do not count, or a proxy that has failed would never be tried again.
    const failures = (proxy: PooledProxy): number =>
      nowMs < proxy.failedAtMs + cooldownMs ? proxy.failures : 0;
    return inTurn.toSorted((a, b) => failures(a) - failures(b));
  }

  /** Notes that a proxy has made its connection. */
  noteSuccess(proxy: PooledProxy): void {
    proxy.failures = 0;
    proxy.failedAtMs = -Infinity;
    proxy.restsUntilMs = -Infinity;
  }

  /** Notes that a proxy could not be used. */
  noteFailure(proxy: PooledProxy): void {
    const { maxFailures, cooldownMs, clock } = this.#settings;
    proxy.failedAtMs = clock.now();
    if (++proxy.failures >= maxFailures) proxy.restsUntilMs = proxy.failedAtMs + cooldownMs;
  }
}

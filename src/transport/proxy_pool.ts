/**
 * Several proxies: which one is next, and which ones rest.
 *
 * @module
 */

import type { Clock } from "../primitives/clock.ts";
import type { ProxyAddress } from "./proxy_address.ts";

/**
 * How a proxy is chosen: in turn, at random, or the one that has failed least since its last success. A failure is held against it for as
 * long as it would rest.
 */
export type ProxyStrategy = "round-robin" | "random" | "least-failures";

/** What a pool is made of. */
export interface ProxyPoolSettings {
  readonly strategy: ProxyStrategy;
  /** After how many failures in a row a proxy rests. */
  readonly maxFailures: number;
  /** How long it rests, in milliseconds. */
  readonly cooldownMs: number;
  readonly clock: Clock;
  readonly random: () => number;
}

/** A proxy and how it does. */
export interface PooledProxy {
  readonly index: number;
  readonly address: ProxyAddress;
  /** Failures since its last success. */
  failures: number;
  /** When it has failed the last time since then, on the pool's clock. */
  failedAtMs: number;
  /** Until when it rests, on the pool's clock. */
  restsUntilMs: number;
}

/** Chooses proxies for requests, and learns how they do. */
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
   * The proxies to try for one request, in order: all that do not rest; or, if all of them do, the one that has rested
   * longest of its time.
   */
  candidates(): readonly PooledProxy[] {
    const { proxies } = this;
    if (proxies.length === 1) return proxies;
    const nowMs = this.#settings.clock.now();
    const awake = proxies.filter(({ restsUntilMs }) => restsUntilMs <= nowMs);
    if (awake.length > 0) return this.#order(awake, nowMs);
    return [proxies.reduce((first, other) => other.restsUntilMs < first.restsUntilMs ? other : first)];
  }

  /** Takes turns among those that are awake: what rests must not double the load of the one after it. */
  #order(awake: readonly PooledProxy[], nowMs: number): readonly PooledProxy[] {
    const { strategy, random, cooldownMs } = this.#settings;
    const count = awake.length;
    const first = strategy === "random"
      ? Math.min(Math.floor(random() * count), count - 1)
      : this.#turn++ % count;
    const inTurn = [...awake.slice(first), ...awake.slice(0, first)];
    if (strategy !== "least-failures") return inTurn;
    // What has failed long ago has to be tried, or it would never succeed again.
    const failures = (proxy: PooledProxy): number =>
      nowMs < proxy.failedAtMs + cooldownMs ? proxy.failures : 0;
    return inTurn.toSorted((a, b) => failures(a) - failures(b));
  }

  /** A proxy has made its connection. */
  noteSuccess(proxy: PooledProxy): void {
    proxy.failures = 0;
    proxy.failedAtMs = -Infinity;
    proxy.restsUntilMs = -Infinity;
  }

  /** A proxy could not be used. */
  noteFailure(proxy: PooledProxy): void {
    const { maxFailures, cooldownMs, clock } = this.#settings;
    proxy.failedAtMs = clock.now();
    if (++proxy.failures >= maxFailures) proxy.restsUntilMs = proxy.failedAtMs + cooldownMs;
  }
}

/**
 * Several proxies: whose turn it is, and who had better rest.
 *
 * @module
 */

import type { Clock } from "../primitives/clock.ts";
import type { ProxyAddress } from "./proxy_address.ts";

/** How a proxy is chosen: in turn, by chance, or the one that has failed least since its last success. */
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
    if (awake.length > 0) return this.#order(awake);
    return [proxies.reduce((first, other) => other.restsUntilMs < first.restsUntilMs ? other : first)];
  }

  #order(awake: readonly PooledProxy[]): readonly PooledProxy[] {
    const { strategy, random } = this.#settings;
    const first = strategy === "random" ? Math.floor(random() * this.proxies.length) : this.#turn++;
    const distance = ({ index }: PooledProxy): number =>
      (index - first % this.proxies.length + this.proxies.length) % this.proxies.length;
    const inTurn = awake.toSorted((a, b) => distance(a) - distance(b));
    return strategy === "least-failures" ? inTurn.toSorted((a, b) => a.failures - b.failures) : inTurn;
  }

  /** A proxy has made its connection. */
  noteSuccess(proxy: PooledProxy): void {
    proxy.failures = 0;
    proxy.restsUntilMs = -Infinity;
  }

  /** A proxy could not be used. */
  noteFailure(proxy: PooledProxy): void {
    const { maxFailures, cooldownMs, clock } = this.#settings;
    if (++proxy.failures >= maxFailures) proxy.restsUntilMs = clock.now() + cooldownMs;
  }
}

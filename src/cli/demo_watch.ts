/**
 * A watcher of the demo's mirrors.
 *
 * @module
 */

import type { Client } from "../client/client.ts";
import type { DemoBreakerChange, DemoMirror, DemoResult } from "./demo_report.ts";

/** A mirror and its address. */
export interface WatchedMirror extends Pick<DemoMirror, "name" | "address"> {
  /** The origin under which the client counts it. */
  readonly origin: string;
}

/** Collects the events and counts of a client's mirrors, until it is disposed. */
export class DemoWatch implements Disposable {
  readonly #client: Client;
  readonly #mirrors: readonly WatchedMirror[];
  readonly #listener: Disposable;
  readonly #breakerChanges: DemoBreakerChange[] = [];
  #handovers = 0;

  /**
   * Creates a watcher, which begins to watch at once.
   *
   * @param client The client.
   * @param mirrors The mirrors of the client.
   * @param startedAtMs When the demo began, on the client's clock.
   */
  constructor(client: Client, mirrors: readonly WatchedMirror[], startedAtMs: number) {
    this.#client = client;
    this.#mirrors = mirrors;
    this.#listener = client.on((event) => {
      if (event.type === "mirror") this.#handovers++;
      if (event.type !== "breaker") return;
      const { origin, from, to } = event;
      const mirror = mirrors.find((mirror) => mirror.origin === origin)?.name ?? origin;
      this.#breakerChanges.push({ mirror, atMs: event.atMs - startedAtMs, from, to });
    });
  }

  /** Returns the events and counts so far. */
  seen(): Pick<DemoResult, "mirrors" | "breakerChanges" | "handovers" | "retries"> {
    const { origins, retried } = this.#client.stats();
    const mirrors = this.#mirrors.map(({ name, origin, address }): DemoMirror => {
      const { attempts = 0, succeeded = 0, failed = 0, bytes = 0, breaker = "closed" } = origins[origin] ??
        {};
      return { name, address, attempts, succeeded, failed, bytes, breaker };
    });
    return { mirrors, breakerChanges: this.#breakerChanges, handovers: this.#handovers, retries: retried };
  }

  [Symbol.dispose](): void {
    this.#listener[Symbol.dispose]();
  }
}

/**
 * Watches what the mirrors of the demo do.
 *
 * @module
 */

import type { Client } from "../client/client.ts";
import type { DemoBreakerChange, DemoMirror, DemoResult } from "./demo_report.ts";

/** Collects what a client says of its mirrors, until it is disposed. */
export class DemoWatch implements Disposable {
  readonly #client: Client;
  readonly #mirrors: readonly Pick<DemoMirror, "name" | "origin">[];
  readonly #listener: Disposable;
  readonly #breakerChanges: DemoBreakerChange[] = [];
  #handovers = 0;

  /**
   * Begins to watch.
   *
   * @param client The client.
   * @param mirrors The names and origins of its mirrors.
   * @param startedAtMs When the demo began, on the client's clock.
   */
  constructor(client: Client, mirrors: readonly Pick<DemoMirror, "name" | "origin">[], startedAtMs: number) {
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

  /** What has been seen so far. */
  seen(): Pick<DemoResult, "mirrors" | "breakerChanges" | "handovers" | "retries"> {
    const { origins, retried } = this.#client.stats();
    const mirrors = this.#mirrors.map(({ name, origin }): DemoMirror => {
      const { attempts = 0, succeeded = 0, failed = 0, bytes = 0, breaker = "closed" } = origins[origin] ??
        {};
      return { name, origin, attempts, succeeded, failed, bytes, breaker };
    });
    return { mirrors, breakerChanges: this.#breakerChanges, handovers: this.#handovers, retries: retried };
  }

  [Symbol.dispose](): void {
    this.#listener[Symbol.dispose]();
  }
}

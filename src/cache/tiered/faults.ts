/**
 * The faults of the tiers of a cache.
 *
 * @module
 */

import type { CacheAdapter, CacheFault } from "../cache.ts";

/** A listener for faults. */
export type FaultListener = (fault: CacheFault) => void;

/** The faults of one operation on all tiers. */
export class Faults {
  readonly #operation: CacheFault["operation"];
  readonly #listener: FaultListener | undefined;
  readonly #errors: unknown[] = [];

  /** Creates an empty list for an operation. */
  constructor(operation: CacheFault["operation"], listener: FaultListener | undefined) {
    this.#operation = operation;
    this.#listener = listener;
  }

  /** Adds a tier's fault, and reports it to the listener. */
  add({ name }: CacheAdapter, error: unknown, operation: CacheFault["operation"] = this.#operation): void {
    this.#errors.push(error);
    try {
      this.#listener?.({ adapter: name, operation, error });
    } catch {
      // A listener that throws must not break the cache.
    }
  }

  /** Throws if at least `count` tiers have failed and there is no listener. */
  throwIfMany(count: number): void {
    if (this.#errors.length >= count && this.#listener === undefined) throw joined(this.#errors);
  }
}

/** Makes one error of several; a single error stays as it is. */
export function joined(errors: readonly unknown[]): unknown {
  return errors.length === 1
    ? errors[0]
    : new AggregateError(errors, "Several tiers of the cache have failed");
}

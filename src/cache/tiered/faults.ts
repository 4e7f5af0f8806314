/**
 * The faults of tiers.
 *
 * @module
 */

import type { CacheAdapter, CacheFault } from "../cache.ts";

/** Hears of faults. */
export type FaultListener = (fault: CacheFault) => void;

/** The faults of one operation on all tiers. */
export class Faults {
  readonly #operation: CacheFault["operation"];
  readonly #listener: FaultListener | undefined;
  readonly #errors: unknown[] = [];

  /** Begins without faults. */
  constructor(operation: CacheFault["operation"], listener: FaultListener | undefined) {
    this.#operation = operation;
    this.#listener = listener;
  }

  /** Adds a tier's fault, and tells of it. */
  add({ name }: CacheAdapter, error: unknown, operation: CacheFault["operation"] = this.#operation): void {
    this.#errors.push(error);
    try {
      this.#listener?.({ adapter: name, operation, error });
    } catch {
      // A listener can't break the cache.
    }
  }

  /** Throws if that many tiers have failed and no listener was told. */
  throwIfMany(count: number): void {
    if (this.#errors.length >= count && this.#listener === undefined) throw joined(this.#errors);
  }
}

/** One error for several. */
export function joined(errors: readonly unknown[]): unknown {
  return errors.length === 1
    ? errors[0]
    : new AggregateError(errors, "Several tiers of the cache have failed");
}

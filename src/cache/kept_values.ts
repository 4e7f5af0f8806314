/**
 * The decoded values of one entry's body.
 *
 * @module
 */

import type { DecodedValues } from "./cache.ts";
import { type Snapshot, takeSnapshot } from "./snapshot.ts";

/** For how many schemas the values of one body are kept; the oldest value is dropped first. */
const MAX_SCHEMAS = 4;

/** The holder of an entry's values, usually a cache, which counts the memory that they take. */
export interface ValueHolder {
  /** Counts bytes and returns `true`; returns `false` without counting them if they are too many. */
  take(bytes: number): boolean;
  /** Stops counting bytes that it has taken. */
  free(bytes: number): void;
}

interface KeptValue {
  readonly schema: object | undefined;
  /** The snapshot of the value; `undefined` if the value can't be kept, so that no other attempt is made. */
  readonly snapshot: Snapshot | undefined;
}

/** The values of one body, by the schema object that validated them; `undefined` as the schema stands for no schema. */
export class KeptValues implements DecodedValues {
  readonly #values: KeptValue[] = [];
  #bytes = 0;
  #holder: ValueHolder | undefined;

  /** How much memory the values take, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Finds the value for a schema.
   *
   * @param schema The schema.
   * @returns The snapshot of the value; `undefined` if it is not kept.
   */
  find(schema: object | undefined): Snapshot | undefined {
    return this.#values.find((kept) => kept.schema === schema)?.snapshot;
  }

  /**
   * Keeps a copy of a value, if a holder has room for it and the value can be copied.
   *
   * @param schema The schema that validated the value.
   * @param value The value; the caller may still change it.
   */
  keep(schema: object | undefined, value: unknown): void {
    if (this.#holder === undefined || this.#values.some((kept) => kept.schema === schema)) return;
    if (this.#values.length >= MAX_SCHEMAS) this.#free(this.#values.shift()!.snapshot?.bytes ?? 0);
    let snapshot = takeSnapshot(value);
    if (snapshot !== undefined && !this.#holder.take(snapshot.bytes)) snapshot = undefined;
    this.#bytes += snapshot?.bytes ?? 0;
    this.#values.push({ schema, snapshot });
  }

  /** Whether a holder counts the values. */
  get isHeld(): boolean {
    return this.#holder !== undefined;
  }

  /** Gives values without a holder to a holder, which counts them from now on. Drops the values if they are too large for it. */
  hold(holder: ValueHolder): void {
    if (!holder.take(this.#bytes)) {
      this.#values.length = 0;
      this.#bytes = 0;
    }
    this.#holder = holder;
  }

  /** Takes the values from their holder. Callers that have the values may still use them. */
  release(): void {
    this.#holder?.free(this.#bytes);
    this.#holder = undefined;
  }

  #free(bytes: number): void {
    this.#bytes -= bytes;
    this.#holder?.free(bytes);
  }
}

/** Returns the values of an entry, if they are of this module's class; otherwise `undefined`. */
export function keptValuesOf(decoded: DecodedValues | undefined): KeptValues | undefined {
  return decoded instanceof KeptValues ? decoded : undefined;
}

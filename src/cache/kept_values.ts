/**
 * What the body of one entry was decoded to.
 *
 * @module
 */

import type { DecodedValues } from "./cache.ts";
import { type Snapshot, takeSnapshot } from "./snapshot.ts";

/** For so many schemas at a time the value of one body is kept; the one that came first goes first. */
const MAX_SCHEMAS = 4;

/** Holds values, and counts what they take. */
export interface ValueHolder {
  /** Counts bytes; `false` if they are too many, and were not counted. */
  take(bytes: number): boolean;
  /** Counts bytes no more. */
  free(bytes: number): void;
}

interface KeptValue {
  readonly schema: object | undefined;
  /** Absent if the value can't be kept, so that it is not tried again. */
  readonly snapshot: Snapshot | undefined;
}

/** The values of one body, by the object of the schema that has validated them; `undefined` stands for none. */
export class KeptValues implements DecodedValues {
  readonly #values: KeptValue[] = [];
  #bytes = 0;
  #holder: ValueHolder | undefined;

  /** What the values take, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Finds the value for a schema.
   *
   * @param schema The schema.
   * @returns The value; `undefined` if it is not kept.
   */
  find(schema: object | undefined): Snapshot | undefined {
    return this.#values.find((kept) => kept.schema === schema)?.snapshot;
  }

  /**
   * Keeps a copy of a value, if there is a holder that has room, and the value can be copied.
   *
   * @param schema What the value was validated by.
   * @param value The value; it stays the caller's.
   */
  keep(schema: object | undefined, value: unknown): void {
    if (this.#holder === undefined || this.#values.some((kept) => kept.schema === schema)) return;
    if (this.#values.length >= MAX_SCHEMAS) this.#free(this.#values.shift()!.snapshot?.bytes ?? 0);
    let snapshot = takeSnapshot(value);
    if (snapshot !== undefined && !this.#holder.take(snapshot.bytes)) snapshot = undefined;
    this.#bytes += snapshot?.bytes ?? 0;
    this.#values.push({ schema, snapshot });
  }

  /** Whether a holder counts them. */
  get isHeld(): boolean {
    return this.#holder !== undefined;
  }

  /** Gives the values, which have no holder yet, to a holder, which counts them from now on. What is too much for it is dropped. */
  hold(holder: ValueHolder): void {
    if (!holder.take(this.#bytes)) {
      this.#values.length = 0;
      this.#bytes = 0;
    }
    this.#holder = holder;
  }

  /** Takes the values from their holder; callers that have them may still use them. */
  release(): void {
    this.#holder?.free(this.#bytes);
    this.#holder = undefined;
  }

  #free(bytes: number): void {
    this.#bytes -= bytes;
    this.#holder?.free(bytes);
  }
}

/** The values of an entry, if it has any that this module knows. */
export function keptValuesOf(decoded: DecodedValues | undefined): KeptValues | undefined {
  return decoded instanceof KeptValues ? decoded : undefined;
}

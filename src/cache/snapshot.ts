/**
 * Copies of decoded values for several callers.
 *
 * @module
 */

import { leadingNumbers } from "../primitives/leading_numbers.ts";

/** How deep a value may be nested, so that a copy does not run out of stack where the parser did not. */
const MAX_DEPTH = 200;
/** How long an array of primitives must be to be copied as one block; shorter ones are checked element by element fast enough. */
const FLAT_LENGTH = 16;
/** The longest array that is checked for properties besides its elements, because that check takes longer than all the others. */
const MAX_LISTED_LENGTH = 64;

/** How much memory an engine needs, in bytes: estimates from V8 and JavaScriptCore, which differ by a third. */
const VALUE_BYTES = 8;
const OBJECT_BYTES = 40;
const STRING_BYTES = 24;

/** A snapshot of a value, of which each caller gets a copy. */
export interface Snapshot {
  /** About how much memory the value takes, in bytes: 8 for each element and property, plus the sizes of objects, arrays and strings. */
  readonly bytes: number;
  /** Returns a copy that belongs to the caller; the value itself if it is deeply frozen. */
  give(): unknown;
}

/**
 * Takes a snapshot of a value that can be copied any number of times without loss: a tree of plain objects and arrays, with
 * primitives, dates and whole typed arrays in it. All other values are refused: class instances, functions, maps and sets,
 * accessors, symbols and hidden properties, holes, objects that occur twice, and more than 200 levels. Of an array of more than
 * 64 elements, only the elements are copied. Frozen objects are frozen in the copies, too.
 *
 * A long array of primitives is copied as one block of memory, so that a copy takes a small part of the time of parsing. Freezing
 * values and sharing them would be slower: JavaScriptCore takes three times as long to freeze a large array as to parse it, and
 * reads the array ten times slower from then on.
 *
 * @param value The value; the snapshot shares nothing with it that can be changed.
 * @returns The snapshot; `undefined` if the value can't be copied without loss.
 */
export function takeSnapshot(value: unknown): Snapshot | undefined {
  const survey = new Survey();
  try {
    if (!survey.accepts(value, 0)) return undefined;
  } catch {
    // A proxy, or an object that only pretends to be a date, may throw: it is no plain data.
    return undefined;
  }
  const { bytes, isFrozen } = survey;
  if (isFrozen) return { bytes, give: () => value };
  const flat = new Set<object>();
  return snapshotOf(copyOf(value, survey.flat, flat), flat, bytes);
}

/** Creates a snapshot of a copy. A separate function, because closures of one function share a scope: this one must not hold `value`. */
function snapshotOf(own: unknown, flat: ReadonlySet<object>, bytes: number): Snapshot {
  return { bytes, give: () => copyOf(own, flat) };
}

const TYPED_ARRAYS: ReadonlySet<object> = new Set(
  [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ].map(({ prototype }) => prototype),
);

/** Finds out whether a value is plain data, and how much memory it takes. */
class Survey {
  bytes = 0;
  /** Whether all of the value is frozen. */
  isFrozen = true;
  /** The long arrays of primitives. */
  readonly flat: Set<object> = new Set();
  readonly #seen = new Set<object>();

  accepts(value: unknown, depth: number): boolean {
    if (typeof value !== "object" || value === null) return this.#acceptsPrimitive(value);
    if (depth > MAX_DEPTH || this.#seen.has(value)) return false;
    this.#seen.add(value);
    this.bytes += OBJECT_BYTES;
    const prototype = Object.getPrototypeOf(value);
    if (prototype === Array.prototype) {
      return this.#isSettled(value) && this.#acceptsArray(value as unknown[], depth);
    }
    if (prototype === Object.prototype) return this.#isSettled(value) && this.#acceptsObject(value, depth);
    // Dates and typed arrays can be changed even if they are frozen.
    this.isFrozen = false;
    if (prototype === Date.prototype) return this.#acceptsDate(value as Date);
    return TYPED_ARRAYS.has(prototype) && this.#acceptsTypedArray(value as Uint8Array);
  }

  #acceptsPrimitive(value: unknown): boolean {
    if (typeof value === "string") this.bytes += STRING_BYTES + value.length;
    return typeof value !== "function" && typeof value !== "symbol";
  }

  /** Returns whether an object is frozen or extensible: the states in between can't be restored in a copy. */
  #isSettled(value: object): boolean {
    if (Object.isExtensible(value)) this.isFrozen = false;
    else if (!Object.isFrozen(value)) return false;
    return true;
  }

  #acceptsArray(values: readonly unknown[], depth: number): boolean {
    if (values.length <= MAX_LISTED_LENGTH && Reflect.ownKeys(values).length !== values.length + 1) {
      return false;
    }
    this.bytes += VALUE_BYTES * values.length;
    let isFlat = true;
    let characters = 0;
    let texts = 0;
    for (let index = leadingNumbers(values, null); index < values.length; index++) {
      const value = values[index];
      // Handle numbers, null and strings here without a call: nearly all of hundreds of thousands of elements are one of them.
      if (typeof value === "number" || value === null) continue;
      if (typeof value === "string") {
        characters += value.length;
        texts++;
        continue;
      }
      if (value === undefined && !(index in values)) return false;
      if (typeof value === "object") isFlat = false;
      if (!this.accepts(value, depth + 1)) return false;
    }
    this.bytes += STRING_BYTES * texts + characters;
    if (isFlat && values.length >= FLAT_LENGTH) this.flat.add(values);
    return true;
  }

  #acceptsObject(object: object, depth: number): boolean {
    const isFrozen = !Object.isExtensible(object);
    for (const key of Reflect.ownKeys(object)) {
      const { value, enumerable, writable } = Object.getOwnPropertyDescriptor(object, key)!;
      // This refuses accessors, too: their `writable` is `undefined`. Frozen ones must not pass as properties without a value.
      if (typeof key === "symbol" || enumerable !== true || writable !== !isFrozen) return false;
      this.bytes += VALUE_BYTES;
      if (!this.accepts(value, depth + 1)) return false;
    }
    return true;
  }

  #acceptsDate(date: Date): boolean {
    date.getTime();
    return Reflect.ownKeys(date).length === 0;
  }

  #acceptsTypedArray(array: Uint8Array): boolean {
    const { buffer, byteLength } = array;
    this.bytes += byteLength;
    // Refuse two views of one buffer: their copies would not share a buffer.
    if (this.#seen.has(buffer)) return false;
    this.#seen.add(buffer);
    return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength && !buffer.resizable;
  }
}

/**
 * Copies a value that a survey has accepted.
 *
 * @param value The value.
 * @param flat The long arrays of primitives in the value.
 * @param flatCopies A set to which the copies of these arrays are added.
 */
function copyOf(value: unknown, flat: ReadonlySet<object>, flatCopies?: Set<object>): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const copy: unknown[] = value.slice();
    if (flat.has(value)) flatCopies?.add(copy);
    else for (let index = 0; index < copy.length; index++) copyMember(copy, index, flat, flatCopies);
    return Object.isFrozen(value) ? Object.freeze(copy) : copy;
  }
  if (value instanceof Date) return new Date(value.getTime());
  if (ArrayBuffer.isView(value)) return (value as Uint8Array).slice();
  // A spread defines an own `__proto__` like any other property, so that `copyMember` can assign it.
  const copy: Record<string, unknown> = { ...value };
  for (const key of Object.keys(copy)) copyMember(copy, key, flat, flatCopies);
  return Object.isFrozen(value) ? Object.freeze(copy) : copy;
}

function copyMember<Key extends string | number>(
  copy: { [K in Key]: unknown },
  key: Key,
  flat: ReadonlySet<object>,
  flatCopies: Set<object> | undefined,
): void {
  const member = copy[key];
  if (typeof member === "object" && member !== null) copy[key] = copyOf(member, flat, flatCopies);
}

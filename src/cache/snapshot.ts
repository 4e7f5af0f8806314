/**
 * Copies of decoded values, to be given to several callers.
 *
 * @module
 */

import { leadingNumbers } from "../primitives/leading_numbers.ts";

/** Deeper values are not kept: a copy must not run out of stack where the parser did not. A cycle is deeper than all of them. */
const MAX_DEPTH = 200;
/** Of shorter arrays it is seen fast enough what they hold. */
const FLAT_LENGTH = 16;
/** Up to this length an array is asked for properties besides its elements: that takes longer than all the rest. */
const MAX_LISTED_LENGTH = 64;

/** About what an engine takes for each, in bytes: measured on V8 and JavaScriptCore, where they differ by a third. */
const VALUE_BYTES = 8;
const OBJECT_BYTES = 40;
const STRING_BYTES = 24;

/** A value as it was, of which each caller gets a copy. */
export interface Snapshot {
  /** About how much memory it takes, in bytes: 8 for each element and property, and what objects, arrays and texts take besides. */
  readonly bytes: number;
  /** A copy that belongs to the caller; the very value if it is frozen through and through. */
  give(): unknown;
}

/**
 * Copies a value, if that can be done again and again with nothing lost. Such a value is a tree of plain objects and arrays,
 * with primitives, dates and whole typed arrays in it. All else is refused: class instances, functions, maps and sets, accessors,
 * symbols and hidden properties, holes, objects that are there twice, and more than 200 levels. Of arrays of more than 64
 * elements, the elements are all that is copied. What is frozen is frozen in the copies, too.
 *
 * An array of primitives is copied as one block of memory, so that a copy takes a small part of what parsing takes. It is also why values
 * are not frozen here and shared: JavaScriptCore takes three times as long to freeze a large array as to parse it, and reads it ten times
 * slower from then on.
 *
 * @param value The value; the snapshot shares nothing with it that can be changed.
 * @returns The snapshot; `undefined` if the value can't be copied so.
 */
export function takeSnapshot(value: unknown): Snapshot | undefined {
  const survey = new Survey();
  try {
    if (!survey.accepts(value, 0)) return undefined;
  } catch {
    // A proxy, or what only pretends to be a date, may throw: it is no plain data.
    return undefined;
  }
  const { bytes, isFrozen } = survey;
  if (isFrozen) return { bytes, give: () => value };
  const flat = new Set<object>();
  return snapshotOf(copyOf(value, survey.flat, flat), flat, bytes);
}

/** A function of its own: closures of one function share what they hold, and this one must not hold the caller's value. */
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

/** Finds out whether a value is plain data, and what it takes. */
class Survey {
  bytes = 0;
  /** Whether nothing of it can be changed. */
  isFrozen = true;
  /** Long arrays that hold nothing but primitives. */
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
    // Freezing does not keep these from being changed.
    this.isFrozen = false;
    if (prototype === Date.prototype) return this.#acceptsDate(value as Date);
    return TYPED_ARRAYS.has(prototype) && this.#acceptsTypedArray(value as Uint8Array);
  }

  #acceptsPrimitive(value: unknown): boolean {
    if (typeof value === "string") this.bytes += STRING_BYTES + value.length;
    return typeof value !== "function" && typeof value !== "symbol";
  }

  /** Whether an object is frozen, or as free as objects are: nothing in between can be had again. */
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
      // Nearly all are numbers, then texts and null: these are seen here, because there are hundreds of thousands.
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
      // Accessors are never writable; frozen ones would look like plain properties that hold nothing.
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
    // Two views of one buffer belong together.
    if (this.#seen.has(buffer)) return false;
    this.#seen.add(buffer);
    return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength && !buffer.resizable;
  }
}

/**
 * Copies what a survey has accepted.
 *
 * @param value The value.
 * @param flat Its long arrays that hold nothing but primitives.
 * @param flatCopies Where to note their copies.
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
  // A spread defines `__proto__` like any other name, and what is defined can be assigned.
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

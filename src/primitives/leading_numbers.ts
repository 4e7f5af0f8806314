/**
 * A scan of long number arrays that keeps the way in which V8 stores them.
 *
 * @module
 */

/** The shortest array to scan. Shorter ones are often rows of different types, and there is little to gain. */
const SHORTEST = 16;

/**
 * Returns how many elements at the beginning of an array are numbers. Returns 0 without a scan for an array that is not likely to
 * hold numbers only: one that begins or ends with another value, that contains a gap, or that is shorter than 16.
 *
 * V8 stores arrays of numbers unboxed, in 8 bytes an element. If one loop reads such arrays and arrays of other values, V8
 * converts the number arrays to general ones, with an object of 16 bytes for each number besides. (Elements kinds only ever
 * become more general, and so do the kinds that V8 records for a place in the code.) So the loop here must meet number arrays
 * only; the checks before it do not change how an array is stored.
 *
 * @param values The array.
 * @param gap The value that stands for a missing number, such as `null`.
 * @returns The number of leading numbers; 0 does not mean that the array begins with another value.
 */
export function leadingNumbers(values: readonly unknown[], gap: unknown): number {
  const { length } = values;
  if (length < SHORTEST || typeof values.at(0) !== "number" || typeof values.at(-1) !== "number") return 0;
  if (values.includes(gap)) return 0;
  let index = 0;
  while (index < length && typeof values[index] === "number") index++;
  return index;
}

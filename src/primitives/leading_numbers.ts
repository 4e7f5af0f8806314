/**
 * Long arrays of numbers, looked through without a change to how they are stored.
 *
 * @module
 */

/** Shorter arrays are often rows, whose elements differ; and there is little to be had. */
const SHORTEST = 16;

/**
 * How many elements at the beginning of an array are numbers, as far as it seems to hold nothing else: an array that begins or
 * ends with another value, in which a gap is, or that is shorter than 16, counts as none.
 *
 * V8 stores arrays of numbers as such, in 8 bytes an element. A loop that has read both these and arrays of other values makes the former
 * like the latter, with an object of 16 bytes for each number besides (elements kinds only ever become more general, and so do those
 * of what a place in the code reads). So this loop is for arrays of numbers; all that is asked before it leaves them alone.
 *
 * @param values The array.
 * @param gap What stands where a number is missing, such as `null`.
 * @returns The number; 0 says nothing.
 */
export function leadingNumbers(values: readonly unknown[], gap: unknown): number {
  const { length } = values;
  if (length < SHORTEST || typeof values.at(0) !== "number" || typeof values.at(-1) !== "number") return 0;
  if (values.includes(gap)) return 0;
  let index = 0;
  while (index < length && typeof values[index] === "number") index++;
  return index;
}

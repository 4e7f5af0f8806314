/**
 * The edit distance of two texts, to find typing errors.
 *
 * @module
 */

/**
 * Returns the least number of edits that turn one text into the other: to insert, delete or replace a character, or to swap two
 * neighbours (the distance of Damerau and Levenshtein, with optimal string alignment).
 *
 * @param a One text.
 * @param b The other text.
 * @param most The largest number of edits that matters.
 * @returns The number of edits; `Infinity` if the lengths alone differ by more than `most`, so that a long text costs nothing.
 */
export function editDistance(a: string, b: string, most: number = Infinity): number {
  if (Math.abs(a.length - b.length) > most) return Infinity;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(replaced, last[j]! + 1, row[j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j]!, before[j - 2]! + 1);
      }
    }
    [before, last] = [last, row];
  }
  return last[b.length]!;
}

/**
 * Finds the nearest of several items.
 *
 * @param items The items.
 * @param most The largest distance that counts: an integer.
 * @param distanceOf Returns the distance of an item: an integer.
 * @returns The first of the nearest items; `undefined` if all are further away than `most`.
 */
export function nearestOf<T>(
  items: readonly T[],
  most: number,
  distanceOf: (item: T) => number,
): T | undefined {
  let nearest: T | undefined;
  let least = most + 1;
  for (const item of items) {
    const distance = distanceOf(item);
    if (distance >= least) continue;
    nearest = item;
    least = distance;
  }
  return nearest;
}

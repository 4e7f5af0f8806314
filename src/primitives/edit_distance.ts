/**
 * How many typing errors two texts are apart.
 *
 * @module
 */

/**
 * The least number of characters to insert, delete, replace, or swap with their neighbour to make one text of the other (the distance
 * of Damerau and Levenshtein, with optimal string alignment).
 *
 * @param a One text.
 * @param b The other.
 * @returns The number.
 */
export function editDistance(a: string, b: string): number {
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
 * The nearest of several items.
 *
 * @param items The items.
 * @param most How far away it may be.
 * @param distanceOf How far away an item is.
 * @returns The first of those that are nearest; `undefined` if all are further away.
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

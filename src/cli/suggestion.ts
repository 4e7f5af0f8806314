/**
 * What was probably meant by a word that does not exist.
 *
 * @module
 */

/**
 * The nearest word.
 *
 * @param word What was given.
 * @param known The words that exist.
 * @returns The one that was probably meant; `undefined` if none is near.
 */
export function closestWord(word: string, known: readonly string[]): string | undefined {
  const longer = known.filter((each) => word.length >= 3 && each.startsWith(word));
  if (longer.length === 1) return longer[0];
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  let closest: string | undefined;
  for (const candidate of known) {
    const distance = distanceOf(word, candidate);
    if (distance >= least) continue;
    closest = candidate;
    least = distance;
  }
  return closest;
}

/** How many letters must be added, left out, changed or swapped (Damerau and Levenshtein, optimal alignment). */
function distanceOf(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const changed = last[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, changed);
      const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (isSwap) row[j] = Math.min(row[j]!, beforeLast[j - 2]! + 1);
    }
    [beforeLast, last] = [last, row];
  }
  return last[to.length]!;
}

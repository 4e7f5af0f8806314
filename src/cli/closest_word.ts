/**
 * What was probably meant by a word that does not exist.
 *
 * @module
 */

import { editDistance, nearestOf } from "../primitives/edit_distance.ts";

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
  const most = Math.max(1, Math.floor(word.length / 3));
  return nearestOf(known, most, (candidate) => editDistance(word, candidate));
}

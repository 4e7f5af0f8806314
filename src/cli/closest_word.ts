/**
 * A guess at the word that a user meant.
 *
 * @module
 */

import { editDistance, nearestOf } from "../primitives/edit_distance.ts";

/**
 * Returns the known word that is nearest to an unknown one.
 *
 * @param word The unknown word.
 * @param known The words that exist.
 * @returns The word that the user probably meant; `undefined` if none is near.
 */
export function closestWord(word: string, known: readonly string[]): string | undefined {
  const longer = known.filter((each) => word.length >= 3 && each.startsWith(word));
  if (longer.length === 1) return longer[0];
  const most = Math.max(1, Math.floor(word.length / 3));
  return nearestOf(known, most, (candidate) => editDistance(word, candidate, most));
}

/**
 * Suggests names for misspelt ones, and makes the errors of names that can't be found.
 *
 * @module
 */

import { editDistance, nearestOf } from "../primitives/edit_distance.ts";

/**
 * Finds the item whose name is most similar to a text. At most a third of the characters may differ.
 *
 * @param items The items to choose from.
 * @param wanted The text, as {@linkcode key} gives it.
 * @param textOf Returns the name of an item.
 * @returns The item; `undefined` if no name is similar enough.
 */
export function nearest<Item>(
  items: readonly Item[],
  wanted: string,
  textOf: (item: Item) => string,
): Item | undefined {
  if (wanted === "") return undefined;
  const most = Math.max(1, Math.floor(wanted.length / 3));
  return nearestOf(items, most, (item) => {
    const text = key(textOf(item));
    return text === "" ? Infinity : editDistance(text, wanted, most);
  });
}

/**
 * Creates an error for an unknown name. The message suggests a name, or else lists the names that exist.
 *
 * @param kind The kind of thing that was looked for, as in `driver`.
 * @param name The unknown name.
 * @param where The place without that name, as in `in this session`.
 * @param suggestion The name that the caller may have meant.
 * @param all The names that exist.
 * @returns The error.
 */
export function unknownName(
  kind: string,
  name: string,
  where: string,
  suggestion: string | undefined,
  all: readonly string[] = [],
): RangeError {
  const hint = suggestion !== undefined
    ? `; did you mean '${suggestion}'?`
    : all.length > 0
    ? `; there are ${listOf(all)}`
    : "";
  return new RangeError(`Cannot find ${kind} as there is no ${JSON.stringify(name)} ${where}${hint}`);
}

/**
 * Creates an error for a name that fits several things.
 *
 * @param kind The kind of thing that was looked for.
 * @param name The name.
 * @param where The place with these things, as in `in this session`.
 * @param candidates The names of these things.
 * @returns The error.
 */
export function ambiguousName(
  kind: string,
  name: string | number,
  where: string,
  candidates: readonly string[],
): RangeError {
  return new RangeError(
    `Cannot find ${kind} as ${JSON.stringify(name)} may be any of ${listOf(candidates)} ${where}`,
  );
}

function listOf(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(", ");
}

/** Returns a text in lower case, without accents, spaces and punctuation, for comparing names. */
export function key(text: string): string {
  return text.normalize("NFD").toLowerCase().replace(/[^a-z0-9]/g, "");
}

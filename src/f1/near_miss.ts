/**
 * Names that people type, and what they may have meant.
 *
 * @module
 */

import { editDistance, nearestOf } from "../primitives/edit_distance.ts";

/**
 * What is most like a text: at most a third of it is typed differently.
 *
 * @param items What there is.
 * @param wanted The text, as {@linkcode key} gives it.
 * @param textOf What an item is called.
 * @returns The item; `undefined` if none is like the text.
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
    return text === "" ? Infinity : editDistance(text, wanted);
  });
}

/**
 * An error that says what may have been meant, or else what there is.
 *
 * @param kind What was looked for.
 * @param name What it was called.
 * @param where Where it is not.
 * @param suggestion What may have been meant.
 * @param all What there is.
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
    ? `; there are ${all.map((text) => `'${text}'`).join(", ")}`
    : "";
  return new RangeError(`Cannot find ${kind} as there is no ${JSON.stringify(name)} ${where}${hint}`);
}

/** A text without accents, case, spaces and punctuation. */
export function key(text: string): string {
  return text.normalize("NFD").toLowerCase().replace(/[^a-z0-9]/g, "");
}

/**
 * A stand-in for `@std/cli/unicode-width`, whose npm release lacks its table: the same interface, for machines that can't
 * reach JSR.
 *
 * @module
 */

import { eastAsianWidth } from "get-east-asian-width";

const CONTROL = /^\p{Cc}$/u;
const ZERO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]$/u;
const SOFT_HYPHEN = "\u00ad";

/** Returns the number of terminal columns that a string takes. The string must have no escape sequences. */
export function unicodeWidth(str: string): number {
  let width = 0;
  for (const character of str) width += characterWidth(character);
  return width;
}

function characterWidth(character: string): number {
  if (character === SOFT_HYPHEN) return 1;
  if (CONTROL.test(character) || ZERO_WIDTH.test(character)) return 0;
  return eastAsianWidth(character.codePointAt(0) ?? 0);
}

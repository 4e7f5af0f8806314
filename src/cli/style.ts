/**
 * The colours of the command line.
 *
 * @module
 */

/** Adds a colour to a text, or returns it unchanged. */
export type Paint = (text: string) => string;

/** The few colours that the command line uses. */
export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
}

/** No colours. */
export const PLAIN: Style = {
  bold: same,
  dim: same,
  red: same,
  green: same,
  yellow: same,
  cyan: same,
};

/** ANSI escape sequences (ECMA-48 §8.3.117, SGR). */
export const ANSI: Style = {
  bold: sgr(1, 22),
  dim: sgr(2, 22),
  red: sgr(31, 39),
  green: sgr(32, 39),
  yellow: sgr(33, 39),
  cyan: sgr(36, 39),
};

/** Returns the style for an output: colours on a terminal, unless the environment asks for none. */
export function styleFor(output: { readonly isTerminal: boolean }, noColor: boolean): Style {
  return output.isTerminal && !noColor ? ANSI : PLAIN;
}

function same(text: string): string {
  return text;
}

function sgr(on: number, off: number): Paint {
  return (text) => text === "" ? "" : `\x1b[${on}m${text}\x1b[${off}m`;
}

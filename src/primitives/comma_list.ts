/**
 * Lists in texts.
 *
 * @module
 */

/** The parts of a text that commas separate, without the white space around them; empty ones are left out. */
export function commaList(text: string): string[] {
  return text.split(",").map((part) => part.trim()).filter((part) => part !== "");
}

/**
 * Comma-separated lists.
 *
 * @module
 */

/** Splits a text at its commas, trims the parts, and leaves out empty ones. */
export function commaList(text: string): string[] {
  return text.split(",").map((part) => part.trim()).filter((part) => part !== "");
}

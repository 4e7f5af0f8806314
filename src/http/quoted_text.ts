/**
 * Quoted strings in field values (RFC 9110 §5.6.4).
 *
 * @module
 */

/**
 * Splits a text wherever a character stands that no quotes are around.
 *
 * @param text The text.
 * @param separator The character.
 * @param unclosed What a quote that never ends is: `"quote"` hides all that follows, `"text"` nothing.
 * @returns The parts, as they are.
 */
export function splitOutsideQuotes(text: string, separator: string, unclosed: "quote" | "text"): string[] {
  const parts: string[] = [];
  let start = 0;
  let quotesEnd = true;
  for (let index = 0; index < text.length; index++) {
    if (text[index] === separator) {
      parts.push(text.slice(start, index));
      start = index + 1;
    } else if (text[index] === '"' && quotesEnd) {
      const end = closingQuote(text, index);
      if (end !== -1) index = end;
      else if (unclosed === "quote") break;
      else quotesEnd = false;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** Where the quoted string that begins at an index ends; -1 when it does not. */
export function closingQuote(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index++) {
    if (text[index] === "\\") index++;
    else if (text[index] === '"') return index;
  }
  return -1;
}

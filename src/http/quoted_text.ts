/**
 * Quoted strings in field values (RFC 9110 §5.6.4).
 *
 * @module
 */

/**
 * Splits a text at each separator outside of quotes.
 *
 * @param text The text.
 * @param separator The separating character.
 * @param unclosed How to treat a quote without an end: `"quote"` hides all separators after it, `"text"` hides none.
 * @returns The parts, unchanged.
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

/** Returns the index of the closing quote of the quoted string that begins at `start`; -1 if there is none. */
export function closingQuote(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index++) {
    if (text[index] === "\\") index++;
    else if (text[index] === '"') return index;
  }
  return -1;
}

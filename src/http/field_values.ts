/**
 * White space in field values, as HTTP sees it (RFC 9110 §5.6.3): spaces and tabs, and nothing else.
 *
 * @module
 */

/**
 * Takes the white space off both ends. A loop, because a regular expression would look at every inner run from each of its
 * characters.
 *
 * @param text The value.
 * @returns The value without it.
 */
export function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text, start)) start++;
  while (end > start && isSpace(text, end - 1)) end--;
  return text.slice(start, end);
}

function isSpace(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return unit === 0x20 || unit === 0x09;
}

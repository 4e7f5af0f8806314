/**
 * The `Last-Event-ID` header.
 *
 * @module
 */

// deno-lint-ignore no-control-regex -- RFC 9110 §5.5 forbids exactly these in a field value.
const UNSENDABLE = /[\x00-\x08\x0a-\x1f\x7f]/;

/** The longest id to send, in UTF-16 units: with a longer header, servers refuse the whole request. */
const MAX_LENGTH = 8_192;

/**
 * Returns the header value for the id of the last event: its UTF-8 bytes, each as one character (HTML §9.2.3).
 *
 * @param id The id.
 * @returns The value; `undefined` if the id is empty, contains a control character, which no header may have, or has more than
 * 8,192 UTF-16 units.
 */
export function lastEventIdHeader(id: string): string | undefined {
  if (id === "" || id.length > MAX_LENGTH || UNSENDABLE.test(id)) return undefined;
  return Array.from(new TextEncoder().encode(id), (byte) => String.fromCharCode(byte)).join("");
}

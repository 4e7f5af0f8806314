/**
 * The `Last-Event-ID` header.
 *
 * @module
 */

// deno-lint-ignore no-control-regex -- RFC 9110 §5.5 forbids exactly these in a field value.
const UNSENDABLE = /[\x00-\x08\x0a-\x1f\x7f]/;

/** Longer than this, in UTF-16 units, servers refuse the whole request. */
const MAX_LENGTH = 8_192;

/**
 * What is sent of the id of the last event: its UTF-8 bytes, each as one character (HTML §9.2.3).
 *
 * @param id The id.
 * @returns The value; `undefined` if there is no id, it has control characters in it, which no header may have, or it has more than
 * 8,192 characters.
 */
export function lastEventIdHeader(id: string): string | undefined {
  if (id === "" || id.length > MAX_LENGTH || UNSENDABLE.test(id)) return undefined;
  return Array.from(new TextEncoder().encode(id), (byte) => String.fromCharCode(byte)).join("");
}

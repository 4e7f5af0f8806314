/**
 * Checks PEM texts (RFC 7468), as far as that is possible without a parser of certificates.
 *
 * @module
 */

const SEQUENCE = 0x30;

/**
 * Whether a value is a text with one or several complete blocks of one kind. Text between blocks is a comment. A key that is
 * encrypted with a password (RFC 1421) does not count.
 *
 * @param value The value.
 * @param label The label of the blocks, as a pattern: `CERTIFICATE`.
 */
export function isPem(value: unknown, label: string): boolean {
  if (typeof value !== "string") return false;
  const begins = value.match(new RegExp(`-----BEGIN ${label}-----`, "g")) ?? [];
  const blocks = [...value.matchAll(new RegExp(`-----BEGIN (${label})-----([^-]*)-----END \\1-----`, "g"))];
  return begins.length > 0 && blocks.length === begins.length && blocks.every((block) => isWhole(block[2]!));
}

/** Whether a body is exactly one ASN.1 structure, from its first byte to its last (X.690 §8.1). */
function isWhole(body: string): boolean {
  const bytes = decode(body);
  if (bytes === undefined || bytes[0] !== SEQUENCE) return false;
  const first = bytes[1] ?? 0;
  if (first < 0x80) return bytes.length === 2 + first;
  const count = first & 0x7f;
  const length = bytes.subarray(2, 2 + count).reduce((sum, byte) => sum * 256 + byte, 0);
  return count > 0 && length > 0 && bytes.length === 2 + count + length;
}

function decode(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    // The text is no Base64, so it can't be a block.
    return undefined;
  }
}

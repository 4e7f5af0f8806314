/**
 * The digest that a downloaded file must have.
 *
 * @module
 */

import type { DownloadDigest, HashAlgorithm } from "../policies/download_terms.ts";
import { type StreamHash, streamHash } from "../runtime/disk/stream_hash.ts";

/** The length of each hash in bytes. */
const HASH_BYTES: Readonly<Record<HashAlgorithm, number>> = {
  "sha-256": 32,
  "sha-512": 64,
  "sha-1": 20,
  "md5": 16,
};

/**
 * Returns the hexadecimal digits of a digest.
 *
 * @param digest The digest.
 * @returns Lower-case digits.
 * @throws {TypeError} If the algorithm is unknown, or the value is not a hash of that algorithm.
 */
export function digestHex({ algorithm, value }: DownloadDigest): string {
  const bytes = Object.hasOwn(HASH_BYTES, algorithm) ? HASH_BYTES[algorithm] : undefined;
  if (bytes === undefined) {
    throw new TypeError(
      `Cannot download as 'digest.algorithm' must be 'sha-256', 'sha-512', 'sha-1' or 'md5': received '${algorithm}'`,
    );
  }
  const hex = fromText(String(value).trim());
  if (hex?.length === 2 * bytes) return hex;
  throw new TypeError(
    `Cannot download as 'digest.value' must be the ${
      2 * bytes
    } hexadecimal digits of a hash, or their bytes as base64:` +
      ` received '${value}'`,
  );
}

/**
 * Starts the hash to compare with a digest.
 *
 * @param digest The digest.
 * @returns The hash, still without any bytes.
 * @throws {TypeError} If the runtime cannot compute the hash chunk by chunk.
 */
export function beginHash({ algorithm }: DownloadDigest): StreamHash {
  const hash = streamHash(algorithm);
  if (hash !== undefined) return hash;
  throw new TypeError(
    `Cannot download as 'digest' needs a runtime that can compute ${algorithm} while bytes come: this one can't`,
  );
}

/** Reads hexadecimal digits or base64, which differ in length for each of the algorithms. */
function fromText(text: string): string | undefined {
  if (/^[0-9a-f]+$/i.test(text) && Object.values(HASH_BYTES).includes(text.length / 2)) {
    return text.toLowerCase();
  }
  try {
    const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Array.from(bytes, (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
  } catch {
    // The caller throws an error that says what the value must be.
    return undefined;
  }
}

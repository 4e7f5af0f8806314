/**
 * Hashes of streams, which the Web Crypto API does not offer.
 *
 * @module
 */

import { nodeModule } from "../node_module.ts";

/** A hash that takes its bytes in chunks. */
export interface StreamHash {
  /** Adds the next bytes, and does not keep them. */
  update(bytes: Uint8Array): void;
  /** Returns the hash of all bytes in lower-case hexadecimal digits; to be called once. */
  digest(): string;
}

interface NodeHash {
  update(bytes: Uint8Array): unknown;
  digest(encoding: "hex"): string;
}

/** The part of `node:crypto` that is used here. */
interface Crypto {
  createHash(algorithm: string): NodeHash;
}

/**
 * Creates a hash.
 *
 * @param algorithm The algorithm, by its name in HTTP digests: `sha-256`, `md5`.
 * @returns The hash of no bytes yet; `undefined` if the runtime has none.
 */
export function streamHash(algorithm: string): StreamHash | undefined {
  const hash = nodeModule<Partial<Crypto>>("node:crypto")?.createHash?.(algorithm.replace("-", ""));
  return hash && { update: (bytes) => void hash.update(bytes), digest: () => hash.digest("hex") };
}

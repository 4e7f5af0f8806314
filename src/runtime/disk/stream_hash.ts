/**
 * Hashes of what comes piece by piece, which the web's own cryptography has none of.
 *
 * @module
 */

import { nodeModule } from "../node_module.ts";

/** A hash that grows. */
export interface StreamHash {
  /** Takes the next bytes, which it does not keep. */
  update(bytes: Uint8Array): void;
  /** The hash of all of them, as lower-case hexadecimal digits; called once. */
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
 * Begins a hash.
 *
 * @param algorithm The algorithm, as digests in HTTP name it: `sha-256`, `md5`.
 * @returns The hash of nothing; `undefined` if the runtime has none.
 */
export function streamHash(algorithm: string): StreamHash | undefined {
  const hash = nodeModule<Partial<Crypto>>("node:crypto")?.createHash?.(algorithm.replace("-", ""));
  return hash && { update: (bytes) => void hash.update(bytes), digest: () => hash.digest("hex") };
}

/**
 * SHA-256 (FIPS 180-4, §6.2) of what comes piece by piece, which the platform's `crypto.subtle` can't do.
 *
 * @module
 */

const BLOCK_BYTES = 64;

/** The first 32 bits of the fractional parts of the roots of the first primes (FIPS 180-4, §4.2.2 and §5.3.3). */
function fractions(count: number, root: (prime: number) => number): Int32Array {
  const found = new Int32Array(count);
  const primes: number[] = [];
  for (let candidate = 2; primes.length < count; candidate++) {
    if (primes.some((prime) => candidate % prime === 0)) continue;
    found[primes.length] = (root(candidate) % 1) * 2 ** 32;
    primes.push(candidate);
  }
  return found;
}

const ROUNDS = fractions(64, Math.cbrt);
const BEGINNING = fractions(8, Math.sqrt);

/** A sum that grows. */
export class Sha256 {
  readonly #state = new Int32Array(BEGINNING);
  readonly #schedule = new Int32Array(64);
  readonly #block = new Uint8Array(BLOCK_BYTES);
  #filled = 0;
  #length = 0;

  /** Adds bytes. */
  update(bytes: Uint8Array): void {
    this.#length += bytes.length;
    let at = 0;
    while (at < bytes.length) {
      if (this.#filled === 0 && bytes.length - at >= BLOCK_BYTES) {
        compress(this.#state, this.#schedule, bytes, at);
        at += BLOCK_BYTES;
        continue;
      }
      const taken = Math.min(BLOCK_BYTES - this.#filled, bytes.length - at);
      this.#block.set(bytes.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
      if (this.#filled < BLOCK_BYTES) return;
      compress(this.#state, this.#schedule, this.#block, 0);
      this.#filled = 0;
    }
  }

  /** The sum of all that was added, in hexadecimal digits; nothing can be added any more. */
  digest(): string {
    const bits = this.#length * 8;
    const padding = (BLOCK_BYTES + 56 - (this.#filled + 1)) % BLOCK_BYTES;
    const end = new Uint8Array(1 + padding + 8);
    end[0] = 0x80;
    const view = new DataView(end.buffer);
    view.setUint32(1 + padding, Math.floor(bits / 2 ** 32));
    view.setUint32(5 + padding, bits >>> 0);
    this.update(end);
    return [...this.#state].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }
}

/** One block, in 32-bit integers. */
function compress(state: Int32Array, words: Int32Array, bytes: Uint8Array, at: number): void {
  for (let t = 0; t < 16; t++) {
    const from = at + t * 4;
    words[t] = (bytes[from]! << 24) | (bytes[from + 1]! << 16) | (bytes[from + 2]! << 8) | bytes[from + 3]!;
  }
  for (let t = 16; t < 64; t++) {
    const w15 = words[t - 15]!;
    const w2 = words[t - 2]!;
    const s0 = rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >>> 3);
    const s1 = rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >>> 10);
    words[t] = words[t - 16]! + s0 + words[t - 7]! + s1;
  }
  mix(state, words);
}

function mix(state: Int32Array, words: Int32Array): void {
  let a = state[0]!, b = state[1]!, c = state[2]!, d = state[3]!;
  let e = state[4]!, f = state[5]!, g = state[6]!, h = state[7]!;
  for (let t = 0; t < 64; t++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const first = (h + s1 + ((e & f) ^ (~e & g)) + ROUNDS[t]! + words[t]!) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const second = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  const sums = [a, b, c, d, e, f, g, h];
  for (let index = 0; index < 8; index++) state[index]! += sums[index]!;
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

/**
 * A synchronous SHA-256 (FIPS 180-4). The one of the runtimes is asynchronous: that costs more than the digest of a key, and
 * makes virtual time wait for real time.
 *
 * @module
 */

/** The fractional parts of the cube roots of the first 64 primes. */
const ROUND = new Uint32Array(64);
/** The fractional parts of the square roots of the first 8 primes. */
const START = new Uint32Array(8);
{
  for (let candidate = 2, found = 0; found < 64; candidate++) {
    let divisor = 2;
    while (divisor * divisor <= candidate && candidate % divisor !== 0) divisor++;
    if (divisor * divisor <= candidate) continue;
    if (found < 8) START[found] = Math.floor((Math.sqrt(candidate) % 1) * 2 ** 32);
    ROUND[found++] = Math.floor((Math.cbrt(candidate) % 1) * 2 ** 32);
  }
}

const encoder = new TextEncoder();
const words = new Int32Array(64);

/**
 * Returns the SHA-256 of a text's UTF-8 form.
 *
 * @param text The text; the function is meant for some hundred characters.
 * @returns 64 hexadecimal digits.
 */
export function sha256(text: string): string {
  const bytes = encoder.encode(text);
  // Pad the last block with a 1 bit, zeros, and the length in bits.
  const padded = new DataView(new ArrayBuffer(Math.ceil((bytes.length + 9) / 64) * 64));
  new Uint8Array(padded.buffer).set(bytes);
  padded.setUint8(bytes.length, 0x80);
  padded.setUint32(padded.byteLength - 8, Math.floor(bytes.length / 2 ** 29));
  padded.setUint32(padded.byteLength - 4, bytes.length << 3);
  const state = new Int32Array(START);
  for (let offset = 0; offset < padded.byteLength; offset += 64) addBlock(state, padded, offset);
  let digits = "";
  for (const word of state) digits += (word >>> 0).toString(16).padStart(8, "0");
  return digits;
}

/** Returns whether a text has the form of a result of {@linkcode sha256}. */
export function isSha256(text: string): boolean {
  // Not `[0-9a-f]{64}`: that expression takes four times as long to compile, which delays a program's first key.
  return text.length === 64 && !/[^0-9a-f]/.test(text);
}

function addBlock(state: Int32Array, block: DataView, offset: number): void {
  for (let t = 0; t < 16; t++) words[t] = block.getInt32(offset + 4 * t);
  for (let t = 16; t < 64; t++) {
    const w15 = words[t - 15]!;
    const w2 = words[t - 2]!;
    const s0 = rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >>> 3);
    const s1 = rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >>> 10);
    words[t] = words[t - 16]! + s0 + words[t - 7]! + s1;
  }
  // No destructuring: until this function is compiled, which is after a program's first keys, it takes twice as long.
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  let f = state[5]!;
  let g = state[6]!;
  let h = state[7]!;
  for (let t = 0; t < 64; t++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const temporary = (h + s1 + ((e & f) ^ (~e & g)) + ROUND[t]! + words[t]!) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const first = (temporary + s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + temporary) | 0;
    d = c;
    c = b;
    b = a;
    a = first;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
  state[5]! += f;
  state[6]! += g;
  state[7]! += h;
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

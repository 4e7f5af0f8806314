/**
 * A key-value store in memory that behaves like `Deno.Kv` in everything that the cache relies on: the limits and their
 * errors, versionstamps, batches that each are a consistent snapshot, and records that outlive their `expireIn`. Tests can
 * inject faults.
 *
 * @module
 */

import type { KvKey, KvListOptions, KvRecord, KvStore } from "../../src/cache/kv.ts";

interface StoredRecord {
  readonly encodedKey: string;
  readonly record: KvRecord;
  readonly bytes: number;
  readonly expiresAt: number;
}

interface Mutation {
  readonly key: KvKey;
  readonly set?: { readonly value: unknown; readonly expireIn: number };
}

/** The kind of an operation, as an injected fault gets it. */
export type KvOperation = "read" | "write";

/** Options of {@linkcode MemoryKv}. */
export interface MemoryKvOptions {
  /** The most bytes that all keys and values may take together; a write beyond it fails as on a full disk. */
  readonly maxBytes?: number | undefined;
  /** Returns the current time, in milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
}

/** A key-value store in memory. */
export class MemoryKv implements KvStore {
  /** Called before each read of a batch and before each write; the operation throws any error that it throws. */
  beforeOperation: (operation: KvOperation) => void | Promise<void> = () => {};
  /** The number of batches that were read, and the number of writes. */
  readonly counts: Record<KvOperation, number> = { read: 0, write: 0 };
  readonly #records = new Map<string, StoredRecord>();
  readonly #maxBytes: number;
  readonly #now: () => number;
  #version = 0n;
  #closed = false;

  constructor({ maxBytes = Infinity, now = Date.now }: MemoryKvOptions = {}) {
    this.#maxBytes = maxBytes;
    this.#now = now;
  }

  async get(key: KvKey): Promise<{ value: unknown; versionstamp: string | null }> {
    await this.#begin("read");
    const found = this.#records.get(encodeKey(key, "read"))?.record;
    return {
      value: found === undefined ? null : copy(found.value),
      versionstamp: found?.versionstamp ?? null,
    };
  }

  async set(key: KvKey, value: unknown, options?: { expireIn?: number }): Promise<{ ok: boolean }> {
    return await this.atomic().set(key, value, options).commit();
  }

  async delete(key: KvKey): Promise<void> {
    await this.atomic().delete(key).commit();
  }

  async *list(
    { prefix }: { prefix: KvKey },
    { limit = Infinity, batchSize = 100 }: KvListOptions = {},
  ): AsyncGenerator<KvRecord> {
    const beginning = prefix.map((part) => encodePart(part)).join("");
    if (batchSize > 1_000) throw new TypeError("Too many entries (max 1000)");
    let last = beginning;
    for (let rest = limit; rest > 0;) {
      const count = Math.min(batchSize, rest);
      await this.#begin("read");
      const batch = [...this.#records.values()]
        .filter(({ encodedKey }) => encodedKey > last && encodedKey.startsWith(beginning))
        .sort((a, b) => a.encodedKey < b.encodedKey ? -1 : 1)
        .slice(0, count)
        .map(({ record, encodedKey }) => ({ encodedKey, record: { ...record, value: copy(record.value) } }));
      for (const { record } of batch) yield record;
      if (batch.length < count) return;
      last = batch.at(-1)!.encodedKey;
      rest -= batch.length;
    }
  }

  atomic(): MemoryKvAtomic {
    return new MemoryKvAtomic((mutations) => this.#commit(mutations));
  }

  /** Removes expired records, as a real store does once a minute. */
  removeExpired(): void {
    for (const { encodedKey, expiresAt } of this.#records.values()) {
      if (expiresAt <= this.#now()) this.#records.delete(encodedKey);
    }
  }

  close(): void {
    this.#assertOpen();
    this.#closed = true;
  }

  async #begin(operation: KvOperation): Promise<void> {
    this.#assertOpen();
    this.counts[operation] += 1;
    await this.beforeOperation(operation);
    // The operation takes effect only after the call has returned, as in a store on another thread.
    await Promise.resolve();
  }

  #assertOpen(): void {
    if (this.#closed) throw Object.assign(new Error("Bad resource ID"), { name: "BadResource" });
  }

  async #commit(mutations: readonly Mutation[]): Promise<{ ok: true; versionstamp: string }> {
    if (mutations.length > 1_000) throw new TypeError("Too many mutations (max 1000)");
    const writes = mutations.map(encodeMutation);
    // Deno's own store counts only the keys that are set.
    const keyBytes = writes.reduce((sum, { encodedKey }) => sum + encodedKey.length, 0);
    if (keyBytes > 81_920) throw new TypeError("Total key size too large (max 81920 bytes)");
    const total = writes.reduce((sum, { encodedKey, bytes }) => sum + encodedKey.length + bytes, 0);
    if (total > 819_200) throw new TypeError("Total mutation size too large (max 819200 bytes)");
    await this.#begin("write");
    const versionstamp = (++this.#version).toString(16).padStart(16, "0") + "0000";
    const next = new Map(this.#records);
    for (const { encodedKey, key, set, value, bytes } of writes) {
      const expiresAt = set === undefined ? Infinity : this.#now() + set.expireIn;
      if (set === undefined) next.delete(encodedKey);
      else next.set(encodedKey, { encodedKey, record: { key, value, versionstamp }, bytes, expiresAt });
    }
    const size = [...next.values()].reduce(
      (sum, { encodedKey, bytes }) => sum + encodedKey.length + bytes,
      0,
    );
    if (size > this.#maxBytes) throw new TypeError("database or disk is full");
    this.#records.clear();
    for (const [encodedKey, stored] of next) this.#records.set(encodedKey, stored);
    return { ok: true, versionstamp };
  }
}

class MemoryKvAtomic {
  readonly #mutations: Mutation[] = [];
  readonly #commit: (mutations: readonly Mutation[]) => Promise<{ ok: true; versionstamp: string }>;

  constructor(commit: (mutations: readonly Mutation[]) => Promise<{ ok: true; versionstamp: string }>) {
    this.#commit = commit;
  }

  set(key: KvKey, value: unknown, { expireIn = Infinity }: { expireIn?: number } = {}): this {
    if (expireIn !== Infinity && (!Number.isInteger(expireIn) || expireIn < 0)) {
      throw new TypeError(`expireIn must be a non-negative integer: received ${expireIn}`);
    }
    this.#mutations.push({ key: [...key], set: { value, expireIn } });
    return this;
  }

  delete(key: KvKey): this {
    this.#mutations.push({ key: [...key] });
    return this;
  }

  commit(): Promise<{ ok: true; versionstamp: string }> {
    return this.#commit(this.#mutations);
  }
}

function encodeMutation({ key, set }: Mutation) {
  const encodedKey = encodeKey(key, "write");
  const bytes = set === undefined ? 0 : sizeOf(set.value);
  if (bytes > 65_536) throw new TypeError("Value too large (max 65536 bytes)");
  if (set !== undefined && set.expireIn > 8e15 && set.expireIn !== Infinity) {
    throw new TypeError(`Invalid mutation: expireIn is too large: ${set.expireIn}`);
  }
  return { encodedKey, key: key.map(copy), set, value: copy(set?.value), bytes };
}

/** Encodes a key as a text with one character per byte, which sorts in the order of the store. */
function encodeKey(key: KvKey, use: KvOperation): string {
  if (key.length === 0) throw new TypeError("key cannot be empty");
  const encoded = key.map((part) => encodePart(part)).join("");
  const max = use === "write" ? 2_048 : 2_049;
  if (encoded.length > max) throw new TypeError(`Key too large for ${use} (max ${max} bytes)`);
  return encoded;
}

function encodePart(part: unknown): string {
  if (part instanceof Uint8Array) return `\x01${escapeZeros(part)}\0`;
  if (typeof part === "string") return `\x02${escapeZeros(new TextEncoder().encode(part))}\0`;
  if (typeof part === "boolean") return part ? "\x27" : "\x26";
  if (typeof part !== "number") throw new TypeError(`a key part that is not supported here: ${typeof part}`);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, part);
  // Flip the sign bit of a positive number, and all bits of a negative one, so that the bytes sort like the numbers.
  const mask = bytes[0]! >= 0x80 ? 0xff : 0x00;
  const ordered = bytes.map((byte, index) => byte ^ (index === 0 && mask === 0 ? 0x80 : mask));
  return `\x21${latin1(ordered)}`;
}

function escapeZeros(bytes: Uint8Array): string {
  return latin1(bytes).replaceAll("\0", "\0\xff");
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

/** Returns the size of a value in the store, in bytes: exact for bytes and texts, and an estimate for other values. */
function sizeOf(value: unknown): number {
  if (value instanceof Uint8Array) return value.length;
  // deno-lint-ignore no-control-regex
  if (typeof value === "string") return (/^[\x00-\xff]*$/.test(value) ? 1 : 2) * value.length + 6;
  return JSON.stringify(value)?.length ?? 0;
}

/** Copies a value, so that the store and its users share no objects. */
function copy<T>(value: T): T {
  return value instanceof Uint8Array ? value.slice() as unknown as T : structuredClone(value);
}

/**
 * The part of `Deno.Kv` that the cache uses, so that anything alike will do.
 *
 * @module
 */

/** A part of a key. */
export type KvKeyPart = Uint8Array | string | number | bigint | boolean;

/** A key. */
export type KvKey = readonly KvKeyPart[];

/** What a store holds under one key. */
export interface KvRecord {
  /** Where it is: a {@linkcode KvKey}, whatever else a store may call a part of one. */
  readonly key: readonly unknown[];
  /** What it is; bytes, if this cache has written it. */
  readonly value: unknown;
  /** Which write it comes from: all that one write has set have the same. */
  readonly versionstamp: string;
}

/** Options of {@linkcode KvStore.list}. */
export interface KvListOptions {
  /** How many records there may be. */
  limit?: number;
  /** How many records are read at once; those of one batch are of one moment. */
  batchSize?: number;
}

/** Several changes that happen together or not at all. */
export interface KvAtomic {
  /** Adds a write; the record may vanish `expireIn` milliseconds after it, or later. */
  set(key: KvKey, value: unknown, options?: { expireIn?: number }): KvAtomic;
  /** Adds a removal. */
  delete(key: KvKey): KvAtomic;
  /** Makes the changes. */
  commit(): Promise<{ readonly ok: boolean }>;
}

/** A key-value store: `Deno.Kv`, that of `npm:@deno/kv`, or anything that does the same. */
export interface KvStore {
  /** The records whose keys begin with a prefix, in the order of their keys. */
  list(selector: { prefix: KvKey }, options?: KvListOptions): AsyncIterable<KvRecord>;
  /** Begins a write. */
  atomic(): KvAtomic;
}

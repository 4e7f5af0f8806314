/**
 * The contract of a key-value store: the part of `Deno.Kv` that the cache uses.
 *
 * @module
 */

/** A part of a key. */
export type KvKeyPart = Uint8Array | string | number | bigint | boolean;

/** A key. */
export type KvKey = readonly KvKeyPart[];

/** A record: the value that a store holds under one key. */
export interface KvRecord {
  /** The key: a {@linkcode KvKey}. Its type is wider, because stores may allow other types for the parts of a key. */
  readonly key: readonly unknown[];
  /** The value; bytes, if this cache has written it. */
  readonly value: unknown;
  /** The version of the record: the same for all records that one atomic operation has set. */
  readonly versionstamp: string;
}

/** Options of {@linkcode KvStore.list}. */
export interface KvListOptions {
  /** The largest number of records to list. */
  limit?: number;
  /** How many records are read at once. The records of one batch come from one snapshot. */
  batchSize?: number;
}

/** An atomic operation: several changes that are made together or not at all. */
export interface KvAtomic {
  /** Adds a write. The store may remove the record `expireIn` milliseconds after the commit, or later. */
  set(key: KvKey, value: unknown, options?: { expireIn?: number }): KvAtomic;
  /** Adds a removal. */
  delete(key: KvKey): KvAtomic;
  /** Makes the changes. */
  commit(): Promise<{ readonly ok: boolean }>;
}

/** A key-value store: `Deno.Kv`, the one of `npm:@deno/kv`, or any store with the same methods. */
export interface KvStore {
  /** Lists the records whose keys begin with a prefix, in the order of their keys. */
  list(selector: { prefix: KvKey }, options?: KvListOptions): AsyncIterable<KvRecord>;
  /** Begins an atomic operation. */
  atomic(): KvAtomic;
}

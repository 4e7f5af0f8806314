/**
 * The contract of a cache: what an entry is, and what an adapter does with it. Adapters keep bytes and JSON; cache policies
 * decide what an entry means for a request.
 *
 * @module
 */

/** A value now, or a promise of it. */
export type MaybePromise<T> = T | Promise<T>;

/**
 * The metadata of an entry, JSON-safe and opaque to adapters except for `removeAt`. They hold the inputs from which freshness is
 * computed, not the result.
 */
export interface CacheMeta {
  /** The format's version; an entry with another value is a miss. */
  readonly v: 1;
  /** The full key; it must equal the key that the caller asks for. */
  readonly key: string;
  /** The URL of the response. */
  readonly url: string;
  /** The response status. */
  readonly status: number;
  /** The status text of the response; absent if it had none. */
  readonly statusText?: string | undefined;
  /** The response headers. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The request headers by which the response was selected, with lower-case names; `null` for an absent header. */
  readonly vary: readonly (readonly [name: string, value: string | null])[];
  /** When the request was sent, in milliseconds since 1970 (RFC 9111 §4.2.3 `request_time`). */
  readonly requestedAt: number;
  /** When the response arrived or was last validated, in milliseconds since 1970 (`response_time`). */
  readonly storedAt: number;
  /** How old the response was when it arrived, in milliseconds (`corrected_initial_age`). */
  readonly initialAge: number;
  /** For how long the response is fresh, in milliseconds from `storedAt - initialAge`; `null` for ever. */
  readonly freshForMs: number | null;
  /** From when on the entry is useless, in milliseconds since 1970; `null` for never. */
  readonly removeAt: number | null;
  /** The redirects that led to the response, in their order; absent if there were none, and empty if it does not matter which ones. */
  readonly via?: readonly StoredRedirect[] | undefined;
}

/** The stored part of a redirect that led to a response. */
export interface StoredRedirect {
  /** The URL that the redirect led to. */
  readonly to: string;
  /** The generation of that URL: a text that is replaced when the URL's entries are invalidated. Empty before it was looked up. */
  readonly generation: string;
  /** The redirect's `Cache-Control`; `null` if it had none. */
  readonly cacheControl: string | null;
}

/** The values that a body was decoded to, one for each schema. Opaque to adapters: they keep them beside the body, or leave them out. */
export interface DecodedValues {
  /** About how much memory the values take, in bytes. */
  readonly bytes: number;
}

/** A stored response. Code that gets an entry must not change its bytes. */
export interface CacheEntry {
  /** The metadata. */
  readonly meta: CacheMeta;
  /** The decoded response body. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** The decoded values. Only adapters that keep them get this member; the code that decodes the body fills it. */
  readonly decoded?: DecodedValues | undefined;
}

/** The result of {@linkcode CacheAdapter.sweep}. */
export interface SweepResult {
  /** How many entries and orphaned parts were removed. */
  readonly removed: number;
  /** How many bytes that freed. */
  readonly freedBytes: number;
}

/**
 * A store of whole entries under string keys; the last writer wins. An adapter may throw its faults, or reject with them. Clients
 * treat a fault as a miss or a refused write, so that it never breaks a fetch.
 */
export interface CacheAdapter {
  /** The adapter's name in warnings and in `stats()`. */
  readonly name: string;
  /** The largest entry (body and metadata) that the adapter stores, in bytes. */
  readonly maxEntryBytes: number;
  /** What the adapter keeps besides metadata: only the body, or also its decoded values. @default {"bytes"} */
  readonly keep?: "bytes" | "parsed" | undefined;
  /** Returns the entry, or `undefined` if it is absent, past its `removeAt`, corrupt, or of another version. */
  get(key: string, options?: CacheCallOptions): MaybePromise<CacheEntry | undefined>;
  /** Stores the whole entry or nothing; returns `false` if it refuses. Of several writes of one key, the last call counts. */
  set(key: string, entry: CacheEntry, options?: CacheCallOptions): MaybePromise<boolean>;
  /** Removes an entry; returns `false` if there was none. */
  delete(key: string, options?: CacheCallOptions): MaybePromise<boolean>;
  /** Removes all entries. */
  clear?(): MaybePromise<void>;
  /** Removes expired entries, leftovers of a crash, and the entries that exceed the byte bound. */
  sweep?(): MaybePromise<SweepResult>;
}

/** A fault of an adapter, or of an adapter that is part of another one. */
export interface CacheFault {
  /** The name of the adapter that failed. */
  readonly adapter: string;
  /** The operation that failed. */
  readonly operation: "get" | "set" | "delete";
  /** The error that the adapter threw. */
  readonly error: unknown;
}

/** Options of an adapter's methods; most adapters ignore them. */
export interface CacheCallOptions {
  /** Returns the caller's time, in milliseconds since 1970, for expiry; by default the adapter uses its own clock. */
  readonly now?: (() => number) | undefined;
  /** A signal that aborts when the caller does not need the result any more: the adapter may stop then. */
  readonly signal?: AbortSignal | undefined;
  /** A listener for an adapter made of other adapters, which reports each of their faults to it and throws none of them. */
  readonly onFault?: ((fault: CacheFault) => void) | undefined;
  /** Takes a promise of work that goes on after the call has returned, so that the caller can wait for it. It never rejects. */
  readonly waitUntil?: ((work: Promise<void>) => void) | undefined;
}

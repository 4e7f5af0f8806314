/**
 * The contract of a cache: what an entry is, and what an adapter does with it. Adapters keep bytes and JSON; what an entry
 * means for a request is decided elsewhere.
 *
 * @module
 */

/** A value now, or a promise of it. */
export type MaybePromise<T> = T | Promise<T>;

/**
 * What is kept beside a body, JSON-safe and opaque to adapters except for `removeAt`. It holds the inputs of freshness, not
 * a verdict.
 */
export interface CacheMeta {
  /** The format's version; any other value is a miss. */
  readonly v: 1;
  /** The full key; it must equal the key that was asked for. */
  readonly key: string;
  /** The URL of the response. */
  readonly url: string;
  /** The response status. */
  readonly status: number;
  /** The response headers. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The request headers that the response was selected by, lower case; `null` for one that was absent. */
  readonly vary: readonly (readonly [name: string, value: string | null])[];
  /** When the request was sent, in milliseconds since 1970 (RFC 9111 §4.2.3 `request_time`). */
  readonly requestedAt: number;
  /** When the response arrived or was last validated, in milliseconds since 1970 (`response_time`). */
  readonly storedAt: number;
  /** How old the response was when it arrived, in milliseconds (`corrected_initial_age`). */
  readonly initialAge: number;
  /** For how long it is fresh, in milliseconds from `storedAt - initialAge`; `null` for ever. */
  readonly freshForMs: number | null;
  /** From when on it is of no use, in milliseconds since 1970; `null` for never. */
  readonly removeAt: number | null;
  /** The redirects that led to it, in their order; absent if there were none, and empty if it does not matter which ones. */
  readonly via?: readonly StoredRedirect[] | undefined;
}

/** What is kept of a redirect that led to a response. */
export interface StoredRedirect {
  /** Where it led. */
  readonly to: string;
  /** What says that nothing has changed there since; empty before the first look. */
  readonly generation: string;
  /** Its `Cache-Control`; `null` if it had none. */
  readonly cacheControl: string | null;
}

/** What a body was decoded to, and for which schemas. Opaque to adapters: they keep it beside the body, or leave it out. */
export interface DecodedValues {
  /** About how much memory it takes, in bytes. */
  readonly bytes: number;
}

/** A stored response. Its bytes must not be changed. */
export interface CacheEntry {
  /** What is kept beside the body. */
  readonly meta: CacheMeta;
  /** The decoded response body. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** What the body was decoded to; given only to adapters that keep it, and filled by the code that decodes the body. */
  readonly decoded?: DecodedValues | undefined;
}

/** What {@linkcode CacheAdapter.sweep} did. */
export interface SweepResult {
  /** How many entries and orphaned parts were removed. */
  readonly removed: number;
  /** How many bytes that freed. */
  readonly freedBytes: number;
}

/**
 * A place that keeps whole entries under string keys; the last writer wins. A fault is a miss or a refused write, thrown
 * or returned: it never breaks a fetch.
 */
export interface CacheAdapter {
  /** What warnings and `stats()` call it. */
  readonly name: string;
  /** The largest entry (body and metadata) that it takes, in bytes. */
  readonly maxEntryBytes: number;
  /** What it keeps of an entry besides its metadata: its body, or also what that was decoded to. @default {"bytes"} */
  readonly keep?: "bytes" | "parsed" | undefined;
  /** The entry, or `undefined` when it is absent, past its `removeAt`, corrupt, or of another version. */
  get(key: string, options?: CacheCallOptions): MaybePromise<CacheEntry | undefined>;
  /** Stores all of the entry or nothing; `false` when it refused. Of several writes of one key, the last call counts. */
  set(key: string, entry: CacheEntry, options?: CacheCallOptions): MaybePromise<boolean>;
  /** Removes an entry; `false` when there was none. */
  delete(key: string, options?: CacheCallOptions): MaybePromise<boolean>;
  /** Removes all entries. */
  clear?(): MaybePromise<void>;
  /** Removes what has expired, what a crash left behind, and what is above the byte bound. */
  sweep?(): MaybePromise<SweepResult>;
}

/** A fault of a cache, or of one that is part of it. */
export interface CacheFault {
  /** The name of the cache. */
  readonly adapter: string;
  /** What it was asked to do. */
  readonly operation: "get" | "set" | "delete";
  /** What it threw. */
  readonly error: unknown;
}

/** What an adapter may be told with a call; most have no use for it. */
export interface CacheCallOptions {
  /** The caller's time, in milliseconds since 1970, for what depends on it; by default the adapter's own. */
  readonly now?: (() => number) | undefined;
  /** The caller has lost interest: the adapter may stop. */
  readonly signal?: AbortSignal | undefined;
  /** Told of each fault by an adapter that is made of others, and can go on without one of them; it then throws nothing. */
  readonly onFault?: ((fault: CacheFault) => void) | undefined;
  /** Given what goes on after the result was given, so that it can be waited for; it never rejects. */
  readonly waitUntil?: ((work: Promise<void>) => void) | undefined;
}

/**
 * The client that the conformance tests run against. Only its cache affects the requests: retries and the circuit breaker are
 * off.
 *
 * @module
 */

import { createClient } from "../../mod.ts";
import { filesystemCache } from "../../src/cache/filesystem.ts";
import { httpCache, memoryCache } from "../../src/http_cache/mod.ts";
import { Semaphore } from "../../src/primitives/semaphore.ts";

/** The adapter of the cache. */
export interface SubjectOptions {
  readonly adapter: "memory" | "filesystem";
  /** The folder for the file system cache. */
  readonly folder: string;
}

/** A `fetch` with a cache. */
export interface Subject {
  readonly fetch: typeof fetch;
  /** Waits for the client's background work. */
  close(): Promise<void>;
}

/** Creates a client that sends each request at most once, so that only the cache affects the server's counts. */
export function createSubject({ adapter, folder }: SubjectOptions): Promise<Subject> {
  const cache = httpCache(adapter === "memory" ? memoryCache() : filesystemCache(folder));
  // The suite leaves some bodies unread, and each of them holds a permit.
  const concurrency = new Semaphore(10_000);
  const client = createClient({ cache, maxRetries: 0, circuitBreaker: false, concurrency });
  return Promise.resolve({
    fetch: ((input, init) => client.fetch(input, init)) as typeof fetch,
    close: () => client.close(),
  });
}

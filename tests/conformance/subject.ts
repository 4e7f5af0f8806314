/**
 * What the conformance tests are run against: a client whose only station with something to do is the cache.
 *
 * @module
 */

import { createClient } from "../../mod.ts";
import { filesystemCache } from "../../src/cache/filesystem.ts";
import { httpCache, memoryCache } from "../../src/http_cache/mod.ts";
import { Semaphore } from "../../src/primitives/semaphore.ts";

/** Where entries are kept. */
export interface SubjectOptions {
  readonly adapter: "memory" | "filesystem";
  /** A folder of its own. */
  readonly folder: string;
}

/** A `fetch` with a cache. */
export interface Subject {
  readonly fetch: typeof fetch;
  /** Waits for what it does in the background. */
  close(): Promise<void>;
}

/** Makes a client that sends each request once, so that what the server counts is the cache's doing. */
export function createSubject({ adapter, folder }: SubjectOptions): Promise<Subject> {
  const cache = httpCache(adapter === "memory" ? memoryCache() : filesystemCache(folder));
  // The suite leaves some bodies unread, and each holds its permit.
  const concurrency = new Semaphore(10_000);
  const client = createClient({ cache, maxRetries: 0, circuitBreaker: false, concurrency });
  return Promise.resolve({
    fetch: ((input, init) => client.fetch(input, init)) as typeof fetch,
    close: () => client.close(),
  });
}

/**
 * The types of the functions that a rival offers to a benchmark. Rivals import no other module of the benchmarks.
 *
 * @module
 */

/** Fetches and parses one URL. */
export type Get = (url: string) => Promise<unknown>;

/** Fetches and parses all URLs, some at once. */
export type FetchAll = (urls: Iterable<string>, concurrency: number) => Promise<void>;

/** Runs a task under a guard, such as a semaphore or a breaker. */
export type Run = <T>(task: () => Promise<T>) => Promise<T>;

/**
 * What a rival does for a benchmark; rivals import no more than this.
 *
 * @module
 */

/** Fetches and parses one URL. */
export type Get = (url: string) => Promise<unknown>;

/** Fetches and parses all URLs, some at once. */
export type FetchAll = (urls: Iterable<string>, concurrency: number) => Promise<void>;

/** Runs a task, guarded by whatever it is. */
export type Run = <T>(task: () => Promise<T>) => Promise<T>;

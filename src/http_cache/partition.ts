/**
 * Partitions of the cache, which say which requests share stored responses.
 *
 * @module
 */

/** A request, as the function that partitions the cache sees it. */
export interface PartitionRequest {
  /** The absolute URL. */
  readonly url: string;
  /** The headers by their lower-case names, without a mirror's own. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Names the partition of a request: requests with the same name share responses; `null` if the cache must not store the response.
 */
export type Partition = (request: PartitionRequest) => string | null;

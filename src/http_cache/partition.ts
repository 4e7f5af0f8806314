/**
 * Which callers share stored responses.
 *
 * @module
 */

/** A request, as the function that partitions the cache sees it. */
export interface PartitionRequest {
  /** The absolute URL. */
  readonly url: string;
  /** The headers by their lower-case names, without those of a mirror's own. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Whose response it is: requests of one name answer for one another; `null` for what must not be stored. */
export type Partition = (request: PartitionRequest) => string | null;

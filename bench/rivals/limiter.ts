/**
 * limiter: a token bucket.
 *
 * @module
 */

// deno-lint-ignore-file no-import-prefix -- a rival is pinned where it is used, and is no dependency of the project
import { TokenBucket } from "npm:limiter@4.1.0";

/** Creates a function that takes a token from a bucket, and waits if the bucket is empty. The bucket starts full. */
export function take(tokensPerSecond: number): () => Promise<unknown> {
  const bucket = new TokenBucket({
    bucketSize: tokensPerSecond,
    tokensPerInterval: tokensPerSecond,
    interval: "second",
  });
  bucket.content = tokensPerSecond;
  return () => bucket.removeTokens(1);
}

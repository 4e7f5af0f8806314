/**
 * The tokens that attempts start with, and who waits for them.
 *
 * @module
 */

import type { Bucket } from "../primitives/bucket.ts";
import type { Lane } from "./lane.ts";

/** Who is told that there may be tokens again. */
export interface TokenListener {
  /** In the bucket of a lane. */
  examine(lane: Lane): void;
  /** In the client's bucket. */
  dispatch(): void;
}

/** Takes tokens out of the bucket of a lane, or else the client's; asks an empty one for a notice, once for all who wait. */
export class Tokens {
  readonly #bucket: Bucket | undefined;
  readonly #listener: TokenListener;
  /** Takes a notice of the client's bucket back. */
  #notice: Disposable | undefined;
  /** Whether the client's bucket is empty, and will tell when it is not. */
  isOut = false;

  /**
   * Creates the tokens of a client.
   *
   * @param bucket Where lanes without a bucket take them; they need none without it.
   * @param listener Who is told.
   */
  constructor(bucket: Bucket | undefined, listener: TokenListener) {
    this.#bucket = bucket;
    this.#listener = listener;
  }

  /** Where the tokens of a lane come from; `undefined` if it needs none. */
  bucketOf(lane: Lane): Bucket | undefined {
    return lane.bucket ?? this.#bucket;
  }

  /** Takes one for a lane out of its bucket; whether there was one. */
  take(lane: Lane, bucket: Bucket): boolean {
    return (bucket === lane.bucket ? lane.tokenNotice === undefined : !this.isOut) && bucket.tryTake();
  }

  /** Asks for a notice for a lane; nobody claims with this bucket until then. */
  await(lane: Lane, bucket: Bucket): void {
    if (bucket === lane.bucket) {
      lane.tokenNotice ??= bucket.notify(() => {
        lane.tokenNotice = undefined;
        this.#listener.examine(lane);
      });
    } else if (!this.isOut) {
      this.isOut = true;
      this.#notice = bucket.notify(() => {
        this.#notice = undefined;
        this.isOut = false;
        this.#listener.dispatch();
      });
    }
  }

  /** Nobody waits for the client's bucket any more. */
  forget(): void {
    this.isOut = false;
    this.#notice?.[Symbol.dispose]();
    this.#notice = undefined;
  }
}

/**
 * The tokens that attempts start with, and what waits for them.
 *
 * @module
 */

import type { Bucket } from "../primitives/bucket.ts";
import type { KeyLine } from "./key_line.ts";
import type { Lane } from "./lane.ts";
import type { Place } from "./waiter.ts";

/** Hears that there may be tokens again. */
export interface TokenListener {
  /** In the bucket of a lane. */
  examine(lane: Lane): void;
  /** In the client's bucket. */
  dispatch(): void;
}

/** Takes tokens out of all buckets that a request needs; asks an empty one for a notice, once for all that wait. */
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
   * @param bucket The client's, of which all requests need a token, if there is one.
   * @param listener What is told.
   */
  constructor(bucket: Bucket | undefined, listener: TokenListener) {
    this.#bucket = bucket;
    this.#listener = listener;
  }

  /** Whether a request to a lane needs any; those with a limit key may need one more. */
  areNeeded(lane: Lane): boolean {
    return this.#bucket !== undefined || lane.bucket !== undefined || lane.keyed !== undefined;
  }

  /**
   * Takes one out of each bucket that a request needs: that of its key, its lane's, and the client's; or out of none of them.
   *
   * @param lane Where the request goes.
   * @param line The line of its limit key there.
   * @returns A bucket that has none; `undefined` if they were taken.
   */
  take(lane: Lane, line?: KeyLine<Place<Lane>>): Bucket | undefined {
    const own = lane.bucket;
    const common = this.#bucket;
    const keyed = line?.bucket;
    if (keyed === undefined && (own === undefined || common === undefined)) {
      const only = own ?? common;
      return only === undefined || (!this.#isAwaited(lane, line, only) && only.tryTake()) ? undefined : only;
    }
    const buckets = [keyed, own, common].filter((bucket) => bucket !== undefined);
    const empty = buckets.find((bucket) =>
      this.#isAwaited(lane, line, bucket) || bucket.canTake?.() === false
    );
    if (empty !== undefined) return empty;
    // One that can't be asked before has the first word; there is one at the most.
    const blind = buckets.find((bucket) => bucket.canTake === undefined);
    if (blind !== undefined && !blind.tryTake()) return blind;
    for (const bucket of buckets) if (bucket !== blind) bucket.tryTake();
    return undefined;
  }

  #isAwaited(lane: Lane, line: KeyLine<Place<Lane>> | undefined, bucket: Bucket): boolean {
    if (bucket === lane.bucket) return lane.tokenNotice !== undefined;
    return bucket === line?.bucket ? line.tokenNotice !== undefined : this.isOut;
  }

  /** Asks for a notice for a lane, or for all; no lane claims with this bucket until then. */
  await(lane: Lane, bucket: Bucket): void {
    if (bucket === lane.bucket) {
      lane.tokenNotice ??= bucket.notify(() => {
        lane.tokenNotice = undefined;
        this.#listener.examine(lane);
      });
    } else if (!this.isOut) {
      this.isOut = true;
      try {
        this.#notice = bucket.notify(() => {
          this.#notice = undefined;
          this.isOut = false;
          this.#listener.dispatch();
        });
      } catch (error) {
        this.isOut = false;
        throw error;
      }
    }
  }

  /** No request waits for the client's bucket any more. */
  forget(): void {
    this.isOut = false;
    this.#notice?.[Symbol.dispose]();
    this.#notice = undefined;
  }
}

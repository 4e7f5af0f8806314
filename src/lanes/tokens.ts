/**
 * The tokens that attempts need, and the notices of empty buckets.
 *
 * @module
 */

import type { Bucket } from "../primitives/bucket.ts";
import type { KeyLine } from "./key_line.ts";
import type { Lane } from "./lane.ts";
import type { Place } from "./waiter.ts";

/** Notified when there may be tokens again. */
export interface TokenListener {
  /** Looks at a lane, whose own bucket may have tokens. */
  examine(lane: Lane): void;
  /** Admits requests, since the client's bucket may have tokens. */
  dispatch(): void;
}

/** Takes tokens from all buckets that a request needs. Asks an empty bucket for one notice for all waiting requests. */
export class Tokens {
  readonly #bucket: Bucket | undefined;
  readonly #listener: TokenListener;
  /** Cancels the awaited notice of the client's bucket. */
  #notice: Disposable | undefined;
  /** Whether the client's bucket is empty and will give notice. */
  isOut = false;

  /**
   * Creates the tokens of a client.
   *
   * @param bucket The client's bucket, from which all requests need a token; `undefined` for none.
   * @param listener Notified when there may be tokens again.
   */
  constructor(bucket: Bucket | undefined, listener: TokenListener) {
    this.#bucket = bucket;
    this.#listener = listener;
  }

  /** Whether a request to a lane needs tokens; a limit key may need one more. */
  areNeeded(lane: Lane): boolean {
    return this.#bucket !== undefined || lane.bucket !== undefined || lane.keyed !== undefined;
  }

  /**
   * Takes a token from each bucket that a request needs: its key's, its lane's, and the client's; or from none of them.
   *
   * @param lane The lane of the request.
   * @param line The line of its limit key there.
   * @returns An empty bucket; `undefined` if all tokens were taken.
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
    // A bucket without `canTake` can only be tried, so try it before taking from the others; there is at most one.
    const blind = buckets.find((bucket) => bucket.canTake === undefined);
    if (blind !== undefined && !blind.tryTake()) return blind;
    for (const bucket of buckets) if (bucket !== blind) bucket.tryTake();
    return undefined;
  }

  #isAwaited(lane: Lane, line: KeyLine<Place<Lane>> | undefined, bucket: Bucket): boolean {
    if (bucket === lane.bucket) return lane.tokenNotice !== undefined;
    return bucket === line?.bucket ? line.tokenNotice !== undefined : this.isOut;
  }

  /** Asks a bucket that will give notice, the client's by default: if its timer is lost, it finds out now. */
  remind(bucket: Bucket | undefined = this.#bucket): void {
    try {
      bucket?.canTake?.();
    } catch {
      // The caller's own bucket has thrown. It is asked again for the first request in line, which is refused then.
    }
  }

  /** Asks a lane's bucket, or the client's, for a notice; no lane claims with this bucket until then. */
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

  /** Cancels the notice of the client's bucket, because no request waits for it any more. */
  forget(): void {
    this.isOut = false;
    this.#notice?.[Symbol.dispose]();
    this.#notice = undefined;
  }
}

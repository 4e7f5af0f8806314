/**
 * Passes answers from one incoming request to another, where timers and sockets end with the incoming request that has made them.
 *
 * @module
 */

import type { Call } from "../policies/call.ts";
import type { Deadlines } from "../primitives/deadline_queue.ts";
import { deferredAcrossRequests } from "../primitives/deferred.ts";

/** A call that waits for another one's answer. */
interface Relay {
  /** Answers the call; there once its leader has ended. */
  answer: (() => void) | undefined;
  /** Lets the call go on in its own incoming request. */
  readonly goOn: () => void;
}

/**
 * The calls that wait for the answer of another call, their leader. A call that is answered goes on in its own incoming request,
 * because code after a promise runs in the incoming request that made the promise. A leader never ends if its incoming request
 * has ended first; then the call is sent on its own.
 */
export class Relays {
  readonly #deadlines: Deadlines;
  readonly #onLost: (call: Call) => void;
  readonly #relays = new Map<Call, Relay>();

  /**
   * Creates the collection, without calls.
   *
   * @param deadlines The timers of the waits.
   * @param onLost Called with a call whose leader has not ended in time; the call does not wait for it any more.
   */
  constructor(deadlines: Deadlines, onLost: (call: Call) => void) {
    this.#deadlines = deadlines;
    this.#onLost = onLost;
  }

  /** Begins the wait of a call that has joined another one, in the call's own incoming request. */
  watch(call: Call): void {
    const { promise, resolve } = deferredAcrossRequests<void>();
    const relay: Relay = { answer: undefined, goOn: resolve };
    this.#relays.set(call, relay);
    const goOn = (): void => {
      if (!this.#relays.delete(call)) return;
      if (relay.answer === undefined) this.#onLost(call);
      else relay.answer();
    };
    promise.then(goOn);
    // A call that has its answer goes on at this deadline at the latest: nothing else may keep its incoming request alive until
    // the code after the promise runs.
    const deadline = this.#deadlines.add({ onDeadline: goOn }, call.settings.timeoutMs);
    call.pending = { cancel: () => this.#deadlines.remove(deadline) };
  }

  /** Answers a call; if it is watched, in its own incoming request. */
  tell(call: Call, answer: () => void): void {
    const relay = this.#relays.get(call);
    if (relay === undefined) return answer();
    relay.answer ??= answer;
    relay.goOn();
  }

  /** Forgets a call, which has ended. */
  forget(call: Call): void {
    this.#relays.delete(call);
  }
}

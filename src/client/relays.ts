/**
 * Answers that go from one incoming request to another, where timers and sockets end with the request that has made them.
 *
 * @module
 */

import type { Call } from "../policies/call.ts";
import type { Deadlines } from "../primitives/deadline_queue.ts";
import { deferredAcrossRequests } from "../primitives/deferred.ts";

/** A call that waits for another one's answer. */
interface Relay {
  /** What answers it, from when it has been told. */
  answer: (() => void) | undefined;
  /** Lets it go on in its own request. */
  readonly goOn: () => void;
}

/**
 * The calls that wait for another one's answer. One that is answered goes on in its own request: what runs after a promise
 * does so in the request that has made the promise. One whose leader does not end, as that one's request has, goes itself.
 */
export class Relays {
  readonly #deadlines: Deadlines;
  readonly #onLost: (call: Call) => void;
  readonly #relays = new Map<Call, Relay>();

  /**
   * Waits for none.
   *
   * @param deadlines What waits are timed by.
   * @param onLost Hears of a call whose leader has not ended in time, and which waits for it no more.
   */
  constructor(deadlines: Deadlines, onLost: (call: Call) => void) {
    this.#deadlines = deadlines;
    this.#onLost = onLost;
  }

  /** Begins to wait, in the request of a call that has joined another one. */
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
    // One that has been told goes on now at the latest: nothing else may keep its request alive until the promise is heard of.
    const deadline = this.#deadlines.add({ onDeadline: goOn }, call.settings.timeoutMs);
    call.pending = { cancel: () => this.#deadlines.remove(deadline) };
  }

  /** Answers a call, in its own request if it has to be. */
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

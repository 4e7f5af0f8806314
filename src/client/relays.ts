/**
 * Answers that go from one incoming request to another, where timers and sockets end with the request that has made them.
 *
 * @module
 */

import type { Call } from "../policies/call.ts";
import type { Deadlines } from "../primitives/deadline_queue.ts";
import { deferred } from "../primitives/deferred.ts";

/**
 * The calls that wait for another one's answer. One that is answered goes on in its own request: what runs after a promise
 * does so in the request that has made the promise. One whose leader does not end, as that one's request has, goes itself.
 */
export class Relays {
  readonly #deadlines: Deadlines;
  readonly #onLost: (call: Call) => void;
  /** What brings a call its response. */
  readonly #answers = new Map<Call, (answer: () => void) => void>();

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
    const { promise, resolve } = deferred<() => void>();
    promise.then((answer) => answer());
    this.#answers.set(call, resolve);
    const onDeadline = (): void => {
      // One that has been told is answered as soon as its own request goes on.
      if (this.#answers.delete(call)) this.#onLost(call);
    };
    call.pending = { cancel: () => this.#deadlines.remove(deadline) };
    const deadline = this.#deadlines.add({ onDeadline }, call.settings.timeoutMs);
  }

  /** Answers a call, in its own request if it has to be. */
  tell(call: Call, answer: () => void): void {
    const relay = this.#answers.get(call);
    if (relay === undefined) return answer();
    this.#answers.delete(call);
    relay(answer);
  }

  /** Forgets a call, which has ended. */
  forget(call: Call): void {
    this.#answers.delete(call);
  }
}

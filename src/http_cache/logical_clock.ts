/**
 * A clock that counts events instead of time.
 *
 * @module
 */

/**
 * Gives each event a number, its moment, so that it is clear which of two events came first: the system's clock can show the same
 * time for both, or go back (Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", 1978).
 */
export class LogicalClock {
  #moment = 0;

  /** The moment of the latest event; 0 before the first one. */
  get now(): number {
    return this.#moment;
  }

  /** Counts an event, and returns its moment. */
  tick(): number {
    return ++this.#moment;
  }
}

/**
 * The executions under way, by key, with those who wait for each: what single-flight is made of.
 *
 * @module
 */

/** One execution, and how many wait for it. */
export class Flight<T, W> {
  /** What the execution gives, the same for all. */
  readonly promise: Promise<T>;
  /** Who does the work: what to stop when nobody waits any more. */
  readonly worker: W;
  #members = 1;
  readonly #forget: () => void;

  /** Begins with one member. */
  constructor(promise: Promise<T>, worker: W, forget: () => void) {
    this.promise = promise;
    this.worker = worker;
    this.#forget = forget;
  }

  /** How many wait for it. */
  get members(): number {
    return this.#members;
  }

  /** Adds a member. */
  join(): void {
    this.#members++;
  }

  /**
   * Takes a member away; each calls this at most once, and only before the execution has settled. Without members the key
   * is free again: who asks next starts a new execution.
   *
   * @returns Whether that was the last one, so that the work is of no use to anybody.
   */
  leave(): boolean {
    if (--this.#members > 0) return false;
    this.#forget();
    return true;
  }
}

/** The executions under way. Nothing is kept of one that has settled. */
export class FlightTable<K, T, W> {
  readonly #flights = new Map<K, Flight<T, W>>();

  /** How many executions are under way. */
  get size(): number {
    return this.#flights.size;
  }

  /** Joins the execution of a key; `undefined` when there is none. */
  join(key: K): Flight<T, W> | undefined {
    const flight = this.#flights.get(key);
    flight?.join();
    return flight;
  }

  /** Registers an execution under a key that has none. */
  start(key: K, worker: W, promise: Promise<T>): Flight<T, W> {
    const forget = () => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    const flight: Flight<T, W> = new Flight(promise, worker, forget);
    this.#flights.set(key, flight);
    promise.then(forget, forget);
    return flight;
  }
}

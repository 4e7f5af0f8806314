/**
 * The executions in flight, by key, with the callers that wait for each: what single-flight is made of.
 *
 * @module
 */

/** Where a table keeps its executions: a `Map`, or anything alike. */
export interface FlightStore<K, F> {
  readonly size: number;
  get(key: K): F | undefined;
  set(key: K, flight: F): unknown;
  delete(key: K): boolean;
}

/** One execution, and how many wait for it. */
export class Flight<K, T, W> {
  readonly #table: FlightStore<K, Flight<K, T, W>>;
  readonly #key: K;
  #promise: Promise<T> | undefined;
  #worker: W | undefined;
  #members = 1;

  /** Begins with one member. */
  constructor(table: FlightStore<K, Flight<K, T, W>>, key: K, promise: Promise<T>, worker: W) {
    this.#table = table;
    this.#key = key;
    this.#promise = promise;
    this.#worker = worker;
  }

  /** What the execution gives, the same for all; absent once it has ended. */
  get promise(): Promise<T> | undefined {
    return this.#promise;
  }

  /** What does the work: it is stopped when no member waits any more; absent once it has ended. */
  get worker(): W | undefined {
    return this.#worker;
  }

  /** How many wait for it, or waited until it ended. */
  get members(): number {
    return this.#members;
  }

  /** Adds a member. */
  join(): void {
    this.#members++;
  }

  /**
   * Takes a member away; each calls this at most once. Without members the key is free again: the next caller starts a
   * new execution.
   *
   * @returns Whether that was the last one, so that the work is of no use any more.
   */
  leave(): boolean {
    if (--this.#members > 0) return false;
    if (this.#table.get(this.#key) === this) this.#table.delete(this.#key);
    return true;
  }

  /** The execution has settled. Lets go of it: members may still hold the flight. */
  end(): void {
    this.#promise = undefined;
    this.#worker = undefined;
    if (this.#table.get(this.#key) === this) this.#table.delete(this.#key);
  }
}

/** The executions in flight. Nothing is kept of one that has ended. */
export class FlightTable<K, T, W> {
  readonly #flights: FlightStore<K, Flight<K, T, W>>;

  /** Creates an empty table. */
  constructor(store: FlightStore<K, Flight<K, T, W>> = new Map()) {
    this.#flights = store;
  }

  /** How many executions are in flight. */
  get size(): number {
    return this.#flights.size;
  }

  /** The execution of a key; `undefined` when there is none. */
  peek(key: K): Flight<K, T, W> | undefined {
    return this.#flights.get(key);
  }

  /** Joins the execution of a key; `undefined` when there is none. */
  join(key: K): Flight<K, T, W> | undefined {
    const flight = this.#flights.get(key);
    flight?.join();
    return flight;
  }

  /** Registers an execution under a key that has none; the caller calls `end()` when it has settled. */
  start(key: K, worker: W, promise: Promise<T>): Flight<K, T, W> {
    const flight = new Flight(this.#flights, key, promise, worker);
    this.#flights.set(key, flight);
    return flight;
  }
}

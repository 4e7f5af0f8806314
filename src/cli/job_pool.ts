/**
 * A pool that pulls inputs one by one, as there is room, and performs a job for each.
 *
 * @module
 */

/** Options of {@linkcode JobPool}. */
export interface JobPoolOptions<T> {
  /** The source of the inputs; the pool closes it when it stops early. */
  readonly inputs: AsyncIterable<T>;
  /** Whether the pool may pull another input while so many jobs have not ended. */
  readonly hasRoom: (outstanding: number) => boolean;
  /** Performs the job of one input; must not reject. */
  readonly perform: (input: T, index: number) => Promise<void>;
  /** Stops pulling inputs, without an error. The pool still waits for the jobs that have begun. */
  readonly signal: AbortSignal;
  /** Called with the number of inputs, when the last one was pulled. */
  readonly onTotal?: ((total: number) => void) | undefined;
}

/** Pulls inputs and performs their jobs, until all have ended. */
export class JobPool<T> {
  readonly #options: JobPoolOptions<T>;
  readonly #iterator: AsyncIterator<T>;
  readonly #ended = Promise.withResolvers<void>();
  #outstanding = 0;
  #index = 0;
  #isPulling = false;
  #isExhausted = false;
  #failure: { readonly error: unknown } | undefined;

  /** Creates a pool; {@linkcode JobPool.run} starts it. */
  constructor(options: JobPoolOptions<T>) {
    this.#options = options;
    this.#iterator = options.inputs[Symbol.asyncIterator]();
  }

  /**
   * Starts the pool; call it once.
   *
   * @returns Resolves when all jobs have ended. Rejects with an error of `inputs`, after the jobs that had begun have ended.
   */
  run(): Promise<void> {
    this.pump();
    return this.#ended.promise;
  }

  /** Pulls the next input if there is room. The owner calls it when there may be more room. */
  pump(): void {
    if (this.#isPulling || this.#isExhausted) return;
    if (this.#outstanding > 0 && !this.#options.hasRoom(this.#outstanding)) return;
    this.#isPulling = true;
    this.#iterator.next().then((result) => this.#onPulled(result), (error) => this.#onExhausted({ error }));
  }

  #onPulled({ done, value }: IteratorResult<T>): void {
    this.#isPulling = false;
    const { signal, onTotal } = this.#options;
    if (done === true || signal.aborted) {
      if (done !== true) this.#iterator.return?.().catch(() => {}); // an error at its end does not matter
      // An aborted source ends early, so that its count is no total.
      if (!signal.aborted) onTotal?.(this.#index);
      return this.#onExhausted();
    }
    this.#outstanding++;
    this.#options.perform(value, this.#index++).finally(() => this.#onEnd());
    this.pump();
  }

  #onEnd(): void {
    this.#outstanding--;
    if (this.#isExhausted) this.#endIfDone();
    else this.pump();
  }

  #onExhausted(failure?: { readonly error: unknown }): void {
    this.#isPulling = false;
    this.#isExhausted = true;
    if (failure !== undefined) this.#failure = failure;
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (this.#outstanding > 0) return;
    if (this.#failure === undefined) this.#ended.resolve();
    else this.#ended.reject(this.#failure.error);
  }
}

/**
 * Many jobs: pulled one by one, as there is room for them.
 *
 * @module
 */

/** Options of {@linkcode JobPool}. */
export interface JobPoolOptions<T> {
  /** What to do; closed when it ends early. */
  readonly inputs: AsyncIterable<T>;
  /** Whether another one may be pulled, with so many that have not ended. */
  readonly hasRoom: (outstanding: number) => boolean;
  /** Does one; never rejects. */
  readonly perform: (input: T, index: number) => Promise<void>;
  /** Ends the pulling early, without an error; those that have begun are waited for. */
  readonly signal: AbortSignal;
  /** Told how many inputs there are, when the last one was pulled. */
  readonly onTotal?: ((total: number) => void) | undefined;
}

/** Pulls inputs and performs them, until all have ended. */
export class JobPool<T> {
  readonly #options: JobPoolOptions<T>;
  readonly #iterator: AsyncIterator<T>;
  readonly #ended = Promise.withResolvers<void>();
  #outstanding = 0;
  #index = 0;
  #isPulling = false;
  #isExhausted = false;
  #failure: { readonly error: unknown } | undefined;

  /** Nothing starts before {@linkcode JobPool.run}. */
  constructor(options: JobPoolOptions<T>) {
    this.#options = options;
    this.#iterator = options.inputs[Symbol.asyncIterator]();
  }

  /**
   * Begins.
   *
   * @returns When everything has ended. Rejects with what `inputs` threw, after those that had begun have ended.
   */
  run(): Promise<void> {
    this.pump();
    return this.#ended.promise;
  }

  /** There may be room. */
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
      if (done !== true) this.#iterator.return?.().catch(() => {}); // how it ends does not matter
      // Who is stopped ends its inputs early.
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

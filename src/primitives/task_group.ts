/**
 * A group of tasks that end before their block does.
 *
 * @module
 */

import { type AbortTarget, addAbortListener, removeAbortListener } from "./abort_listeners.ts";
import { assertFunction, assertOptions, assertSignal, assertSwitch, shapeError } from "./argument_checks.ts";
import { type Deferred, deferred } from "./deferred.ts";
import "./dispose_symbols.ts";
import type { Permit } from "./permit.ts";
import { Semaphore } from "./semaphore.ts";

/** Options of {@linkcode TaskGroup}. */
export interface TaskGroupOptions {
  /**
   * What bounds the tasks that run at once: a semaphore, which may be shared, or the capacity of one of the group's own. By
   * default nothing does.
   */
  readonly semaphore?: Semaphore | number | undefined;
  /**
   * Whether the group keeps what tasks give, for `results()`. Their handles give it in any case.
   *
   * @default {true}
   */
  readonly collectResults?: boolean | undefined;
  /**
   * Whether the group keeps what tasks throw, for `errors()`, and goes on. If not, the first failure aborts the other tasks
   * and becomes the group's.
   *
   * @default {true}
   */
  readonly collectErrors?: boolean | undefined;
  /** Aborts the group, with its own reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@linkcode TaskGroup.spawn}. */
export interface SpawnOptions {
  /**
   * How much of the semaphore's capacity the task takes: an integer of at least 0.
   *
   * @default {1}
   */
  readonly weight?: number | undefined;
  /**
   * Higher goes first among those that wait for a permit.
   *
   * @default {0}
   */
  readonly priority?: number | undefined;
}

/** A task that was started. */
export interface TaskHandle<T> {
  /** Which call of `spawn` started it, from 0. */
  readonly index: number;
  /** What the task gives. It need not be read: its rejection is never reported as unhandled. */
  readonly result: Promise<T>;
  /** How the task is doing. */
  readonly status: "running" | "fulfilled" | "rejected";
}

/**
 * Runs tasks that all have ended when its block is left.
 *
 * `spawn` waits for a permit before it starts a task, so that a loop that spawns goes no faster than the tasks do. Leaving
 * the block waits for all tasks, however it is left: a block that throws and has no use for the rest calls `abort` first.
 * Tasks learn of an abort by their signal, and keep their permits until they have really ended; no task is started after it.
 *
 * With `collectErrors: false` the first task that fails aborts the others. Its error is thrown by each `spawn` and `wait` that
 * meets it, and on leaving the block if none has.
 *
 * @typeParam T What the tasks give.
 *
 * @example Three at once
 * ```ts
 * import { TaskGroup } from "@slipstream/fetch/primitives";
 * import { assertEquals } from "@std/assert";
 *
 * const group = new TaskGroup<number>({ semaphore: 3 });
 * {
 *   await using tasks = group;
 *   for (let n = 1; n <= 5; n++) await tasks.spawn(async () => await Promise.resolve(n * n));
 * }
 *
 * assertEquals(group.results(), [1, 4, 9, 16, 25]);
 * ```
 */
export class TaskGroup<T = unknown> implements AsyncDisposable {
  readonly #semaphore: Semaphore;
  readonly #results: Map<number, T> | undefined;
  readonly #errors: Map<number, unknown> | undefined;
  readonly #controller = new AbortController();
  readonly #outerSignal: AbortSignal | undefined;
  readonly #outerTarget: AbortTarget;
  #spawned = 0;
  /** Calls of `spawn` that wait, and tasks that run. */
  #active = 0;
  #idle: Deferred<void> | undefined;
  #isClosed = false;
  /** The first failure of a group that does not collect them. */
  #failure: { readonly error: unknown } | undefined;
  /** Whether the block has been told why the group ends, and need not be told on leaving. */
  #isReported = false;

  /**
   * Creates an empty group.
   *
   * @param options Options.
   * @throws {TypeError} If an option is of the wrong type.
   * @throws {RangeError} If `semaphore` is a number that is no capacity.
   */
  constructor(options: TaskGroupOptions = {}) {
    assertOptions("create task group", options);
    const { semaphore = Infinity, collectResults = true, collectErrors = true, signal } = options;
    this.#semaphore = toSemaphore(semaphore);
    assertSwitch("create task group", "collectResults", collectResults);
    assertSwitch("create task group", "collectErrors", collectErrors);
    assertSignal("create task group", signal);
    this.#results = collectResults ? new Map() : undefined;
    this.#errors = collectErrors ? new Map() : undefined;
    this.#outerSignal = signal;
    this.#outerTarget = { onAbort: (outer) => this.#controller.abort(outer.reason) };
    if (signal?.aborted) this.#controller.abort(signal.reason);
    else if (signal !== undefined) addAbortListener(signal, this.#outerTarget);
  }

  /** What the tasks get: aborted by the outer signal, by `abort`, and by the failure of a group that does not collect them. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Starts a task as soon as there is a permit for it. It may be called by tasks too, also while the block is being left; a
   * task that waits for it keeps its own permit meanwhile.
   *
   * An abort of the group while it waits rejects at once, and the task is not started.
   *
   * @param fn The task. Its signal is the group's.
   * @param options Options.
   * @returns The task, which has been started.
   * @throws {TypeError} If `fn` is not a function, an option is of the wrong type, or the block has been left.
   * @throws {RangeError} If an option is out of its range.
   * @throws {unknown} The reason of the group's signal, if it has aborted or aborts before the task is started.
   */
  async spawn(
    fn: (signal: AbortSignal) => T | PromiseLike<T>,
    options?: SpawnOptions,
  ): Promise<TaskHandle<T>> {
    assertFunction("spawn task", "fn", fn);
    if (this.#isClosed) throw new TypeError("Cannot spawn task as the block of its group has been left");
    const index = this.#spawned++;
    this.#active++;
    const { signal } = this.#controller;
    let permit: Permit | undefined;
    try {
      permit = await this.#semaphore.acquire(options?.weight, { signal, priority: options?.priority });
      // It may have aborted between the grant and this turn.
      signal.throwIfAborted();
    } catch (error) {
      permit?.release();
      if (signal.aborted) this.#isReported = true;
      this.#endOne();
      throw error;
    }
    return new Task(index, (task) => this.#run(task, fn, permit));
  }

  /**
   * Waits for all tasks, also those that are spawned meanwhile. The group can be used further.
   *
   * @throws {unknown} The first failure, with `collectErrors: false`.
   */
  async wait(): Promise<void> {
    await this.#drained();
    if (this.#failure === undefined) return;
    this.#isReported = true;
    throw this.#failure.error;
  }

  /**
   * Aborts the group's signal: calls of `spawn` that wait reject, nothing is started any more, and tasks end as they react to
   * it. The caller knows why the group ends, so that leaving the block does not throw.
   *
   * @param reason The signal's reason; by default an `AbortError`.
   */
  abort(reason?: unknown): void {
    this.#isReported = true;
    this.#controller.abort(reason);
  }

  /**
   * What the tasks gave that have succeeded so far, in the order in which they were spawned. Failed ones leave no gap.
   *
   * @throws {TypeError} If the group does not collect results.
   */
  results(): T[] {
    return inOrder("results", "collectResults", this.#results);
  }

  /**
   * What the tasks threw that have failed so far, in the order in which they were spawned.
   *
   * @throws {TypeError} If the group does not collect errors.
   */
  errors(): unknown[] {
    return inOrder("errors", "collectErrors", this.#errors);
  }

  /**
   * Leaves the block: waits for all tasks, then lets none be spawned any more.
   *
   * @throws {unknown} The first failure, with `collectErrors: false`, unless `spawn` or `wait` has thrown it, or `abort` was
   * called.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    // Closed in the very turn in which no task is left: until then tasks may be spawned, and are waited for.
    while (this.#active > 0) await this.#drained();
    this.#isClosed = true;
    if (this.#outerSignal !== undefined) removeAbortListener(this.#outerSignal, this.#outerTarget);
    if (this.#failure === undefined || this.#isReported) return;
    this.#isReported = true;
    throw this.#failure.error;
  }

  async #run(
    task: Task<T>,
    fn: (signal: AbortSignal) => T | PromiseLike<T>,
    permit: Permit,
  ): Promise<T> {
    try {
      const value = await fn(this.#controller.signal);
      task.status = "fulfilled";
      this.#results?.set(task.index, value);
      return value;
    } catch (error) {
      task.status = "rejected";
      this.#fail(task.index, error);
      throw error;
    } finally {
      permit.release();
      this.#endOne();
    }
  }

  #fail(index: number, error: unknown): void {
    if (this.#errors !== undefined) {
      this.#errors.set(index, error);
    } else if (this.#failure === undefined) {
      this.#failure = { error };
      this.#controller.abort(error);
    }
  }

  #endOne(): void {
    if (--this.#active > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  async #drained(): Promise<void> {
    while (this.#active > 0) {
      this.#idle ??= deferred();
      await this.#idle.promise;
    }
  }
}

class Task<T> implements TaskHandle<T> {
  readonly index: number;
  readonly result: Promise<T>;
  status: "running" | "fulfilled" | "rejected" = "running";

  constructor(index: number, run: (task: Task<T>) => Promise<T>) {
    this.index = index;
    this.result = run(this);
    // The group knows of the failure: the task's own promise needs no listener.
    this.result.catch(() => {});
  }
}

function inOrder<V>(what: string, option: string, collected: Map<number, V> | undefined): V[] {
  if (collected === undefined) {
    throw new TypeError(`Cannot get ${what} of task group as '${option}' must be true: received false`);
  }
  return [...collected].sort(([a], [b]) => a - b).map(([, value]) => value);
}

function toSemaphore(semaphore: Semaphore | number = Infinity): Semaphore {
  if (typeof semaphore === "number") return new Semaphore(semaphore);
  if (semaphore instanceof Semaphore) return semaphore;
  throw shapeError("create task group", "semaphore", "a semaphore or a capacity", semaphore);
}

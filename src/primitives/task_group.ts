/**
 * A group of tasks that all end before their block is left: structured concurrency.
 *
 * @module
 */

import { type AbortTarget, addAbortListener, removeAbortListener } from "./abort_listeners.ts";
import {
  assertFunction,
  assertOnlyOptions,
  assertSignal,
  assertSwitch,
  shapeError,
} from "./argument_checks.ts";
import { type Deferred, deferred } from "./deferred.ts";
import "./dispose_symbols.ts";
import type { Permit } from "./permit.ts";
import { Semaphore } from "./semaphore.ts";

/** Options of {@linkcode TaskGroup}. */
export interface TaskGroupOptions {
  /**
   * The bound on how many tasks run at once: a semaphore, which may be shared with others, or the capacity of a semaphore that
   * the group creates. By default there is no bound.
   */
  readonly semaphore?: Semaphore | number | undefined;
  /**
   * Whether the group keeps the results of tasks for `results()`. Each task's handle has its result in any case.
   *
   * @default {true}
   */
  readonly collectResults?: boolean | undefined;
  /**
   * Whether the group keeps the errors of tasks for `errors()`, and goes on after them. If not, the first error aborts the other
   * tasks, and the group fails with it.
   *
   * @default {true}
   */
  readonly collectErrors?: boolean | undefined;
  /** A signal that aborts the group with the signal's own reason. */
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
   * The priority among the tasks that wait for a permit: higher goes first.
   *
   * @default {0}
   */
  readonly priority?: number | undefined;
}

/** A task that was started. */
export interface TaskHandle<T> {
  /** The number of the `spawn` call that started the task, counted from 0. */
  readonly index: number;
  /** The task's result. Callers need not read it: a rejection is never reported as unhandled. */
  readonly result: Promise<T>;
  /** Whether the task still runs, and how it ended. */
  readonly status: "running" | "fulfilled" | "rejected";
}

/**
 * Runs tasks, and waits for all of them when the program leaves the group's `await using` block.
 *
 * `spawn` waits for a permit before it starts a task, so that a loop that spawns goes no faster than the tasks do. Leaving the
 * block waits for all tasks, also when the block throws: code that does not need the running tasks any more calls `abort` first.
 * Tasks learn of an abort from their signal, and keep their permits until they have really ended. After an abort, the group
 * starts no task.
 *
 * With `collectErrors: false`, the first task that fails aborts the others. `wait` throws its error, and so does each call of
 * `spawn` that waits or comes later; if none of them has thrown it, leaving the block does.
 *
 * @typeParam T The type of the tasks' results.
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
  /** How many calls of `spawn` wait, plus how many tasks run. */
  #active = 0;
  #idle: Deferred<void> | undefined;
  #isClosed = false;
  /** The first failure, in a group that does not collect errors. */
  #failure: { readonly error: unknown } | undefined;
  /** Whether the block already knows why the group ends, so that leaving it does not throw. */
  #isReported = false;

  /**
   * Creates an empty group.
   *
   * @param options Options.
   * @throws {TypeError} If an option does not exist, or is of the wrong type.
   * @throws {RangeError} If `semaphore` is a number that is no capacity.
   */
  constructor(options: TaskGroupOptions = {}) {
    assertOnlyOptions("create task group", options, [
      "semaphore",
      "collectResults",
      "collectErrors",
      "signal",
    ]);
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

  /** The signal that the tasks get. It aborts with the outer signal, on `abort`, and on a failure unless errors are collected. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Starts a task as soon as there is a permit for it. Tasks may call `spawn`, too, even while the block is being left. A task
   * that awaits `spawn` keeps its own permit meanwhile.
   *
   * An abort of the group during the wait rejects at once, and the task is not started.
   *
   * @param fn The task. It gets the group's signal.
   * @param options Options.
   * @returns The handle of the task, which has been started.
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
      // The signal may have aborted after the grant, before this function resumed.
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
   * Waits for all tasks, also those that are spawned meanwhile. Afterwards the group can still be used.
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
   * Aborts the group's signal. Calls of `spawn` that wait reject, no more tasks are started, and running tasks end as they react
   * to the signal. Leaving the block does not throw then, because the caller knows why the group ends.
   *
   * @param reason The signal's reason; by default an `AbortError`.
   */
  abort(reason?: unknown): void {
    this.#isReported = true;
    this.#controller.abort(reason);
  }

  /**
   * Returns the results of the tasks that have succeeded so far, in the order in which the tasks were spawned. A failed task
   * leaves no gap.
   *
   * @throws {TypeError} If the group does not collect results.
   */
  results(): T[] {
    return inOrder("results", "collectResults", this.#results);
  }

  /**
   * Returns the errors of the tasks that have failed so far, in the order in which the tasks were spawned.
   *
   * @throws {TypeError} If the group does not collect errors.
   */
  errors(): unknown[] {
    return inOrder("errors", "collectErrors", this.#errors);
  }

  /**
   * Leaves the block: waits for all tasks. Afterwards `spawn` throws.
   *
   * @throws {unknown} The first failure, with `collectErrors: false`, unless `spawn` or `wait` has thrown it, or `abort` was
   * called.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    // Close the group in the very turn in which no task is left: until then tasks may be spawned, and this loop waits for them.
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
    // The group handles the failure, so the rejection must not be reported as unhandled if no caller listens.
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

/**
 * The lifetime of a client, with which everything ends that the client has begun, also the clients that extend it.
 *
 * @module
 */

import type { Scheduler } from "../lanes/scheduler.ts";
import type { Call } from "../policies/call.ts";
import type { Closings, ClosingTarget } from "../policies/opener.ts";
import { type AbortTarget, addAbortListener, removeAbortListener } from "../primitives/abort_listeners.ts";
import type { Deadlines } from "../primitives/deadline_queue.ts";
import { type Deferred, deferred, deferredAcrossRequests } from "../primitives/deferred.ts";
import { WeakCollection } from "../primitives/weak_collection.ts";

/** How long a closing client waits for aborted attempts and for background calls to end, in milliseconds. */
const GRACE_MS = 5_000;

/** The client whose lifetime it is. */
export interface LifetimeOwner {
  readonly scheduler: Scheduler;
  readonly deadlines: Deadlines;
  /** Aborts all calls in flight. */
  abortCalls(reason: unknown): void;
}

/** The lifetime of a client. A call ends it, or an abort of the client's own signal. */
export class Lifetime<Owner extends LifetimeOwner> implements AbortTarget, Closings {
  closing: { readonly reason: unknown } | undefined;
  readonly owner: Owner;
  /**
   * The lifetimes of extensions, as long as they are open. Those that the program has dropped may be missing: nothing is in
   * flight there.
   */
  readonly extensions: WeakCollection<Lifetime<Owner>> = new WeakCollection();
  /** The lifetime of the client that this one extends, and the reference that removes this one from that one's extensions. */
  readonly #parent: Lifetime<Owner> | undefined;
  readonly #place: WeakRef<Lifetime<Owner>> | undefined;
  readonly #background: Background;
  readonly #signal: AbortSignal | undefined;
  /** The batches that have not ended, and other parts that must hear of the closing. */
  readonly #targets = new Set<ClosingTarget>();
  #idle: Deferred<void> | undefined;

  /**
   * Begins a lifetime.
   *
   * @param owner The client.
   * @param background The work that goes on without a caller.
   * @param signal The client's own signal.
   * @param parent The lifetime of the client that this one extends. If that has ended, this one has ended too.
   */
  constructor(
    owner: Owner,
    background: Background,
    signal: AbortSignal | undefined,
    parent?: Lifetime<Owner>,
  ) {
    this.owner = owner;
    this.#background = background;
    this.#signal = signal;
    this.#parent = parent;
    if (parent?.closing !== undefined) this.closing = parent.closing;
    else if (parent !== undefined) this.#place = parent.extensions.add(this);
    if (signal?.aborted) this.closing = { reason: signal.reason };
    else if (signal !== undefined) addAbortListener(signal, this);
  }

  add(target: ClosingTarget): void {
    this.#targets.add(target);
  }

  delete(target: ClosingTarget): void {
    this.#targets.delete(target);
  }

  /**
   * Aborts all calls in flight, and makes the client refuse every later one; only the first reason counts. Resolves when all work
   * has ended, or when the grace period is over.
   */
  async close(reason: unknown): Promise<void> {
    if (this.closing === undefined) this.#begin(reason);
    const idle = this.#whenIdle();
    const { deadlines } = this.owner;
    const { promise: patience, resolve: losePatience } = deferred<void>();
    const onDeadline = () => {
      this.#background.cancel(reason);
      losePatience();
    };
    const grace = deadlines.add({ onDeadline }, GRACE_MS);
    // A `fetch` that ignores its signal may never end.
    await Promise.race([patience, idle.then(() => this.#background.end())]);
    deadlines.remove(grace);
  }

  #begin(reason: unknown): void {
    this.closing = { reason };
    if (this.#place !== undefined) this.#parent!.extensions.delete(this.#place);
    for (const extension of this.extensions) this.#background.keep(extension.close(reason));
    if (this.#signal !== undefined) removeAbortListener(this.#signal, this);
    this.owner.scheduler.round.hold(() => {
      for (const target of this.#targets) target.onClose(reason);
      this.owner.abortCalls(reason);
      this.#background.cancelWaiting(reason);
    });
  }

  /** Resolves when the last attempt has really ended. An extension does not wait: its attempts count at the client that it extends. */
  #whenIdle(): Promise<void> {
    if (this.#parent !== undefined) return Promise.resolve();
    this.#idle ??= deferredAcrossRequests();
    this.owner.scheduler.onRelease = () => this.#endIfIdle();
    this.#endIfIdle();
    return this.#idle.promise;
  }

  /** Tells a closing client that the last attempt has really ended. */
  #endIfIdle(): void {
    if (this.owner.scheduler.inFlight === 0) this.#idle?.resolve();
  }

  onAbort(signal: AbortSignal): void {
    this.close(signal.reason);
  }
}

/** Keeps work that goes on without a caller until it ends, so that a closing client can wait for it. */
export class Background {
  /** The work, with its call where it consists of one. */
  readonly #work = new Map<Promise<unknown>, Call | undefined>();

  /**
   * Keeps some work.
   *
   * @param work The work.
   * @param call The call that the work consists of, or whose rest it is after the caller has been answered.
   */
  keep(work: Promise<unknown>, call?: Call): void {
    this.#work.set(work, call);
    const forget = () => this.#work.delete(work);
    work.then(forget, forget);
  }

  /** Resolves when all work has ended, also work that begins meanwhile: a call that ends may leave a response to be stored. */
  async end(): Promise<void> {
    while (this.#work.size > 0) await Promise.allSettled(this.#work.keys());
  }

  /** Cancels all calls. */
  cancel(reason: unknown): void {
    for (const call of this.#work.values()) call?.cancel(reason);
  }

  /** Cancels the calls whose callers have been answered, and which only wait for their turn or for a retry. */
  cancelWaiting(reason: unknown): void {
    for (const call of this.#work.values()) {
      if (call?.isBackground === false && !call.isInFlight) call.cancel(reason);
    }
  }
}

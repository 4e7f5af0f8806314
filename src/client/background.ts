/**
 * Work that nobody waits for.
 *
 * @module
 */

import { NO_HEADERS } from "../http/headers.ts";
import { Call, type CallContext, type CallOwner, type CallSink } from "../policies/call.ts";
import { reportQueued, reportSettled } from "../policies/call_events.ts";
import type { Handler } from "../policies/policy.ts";
import type { EventHub } from "./events.ts";

const NOBODY: CallSink = { onSettled() {} };

/** Who numbers the calls, and looks after them. */
export interface BackgroundOwner extends CallOwner {
  /** The next call's number. */
  nextId(): number;
  /** The time on the client's clock. */
  now(): number;
}

/** Keeps what goes on without a caller, until it ends, so that closing can wait for it. */
export class Background {
  readonly #owner: BackgroundOwner;
  readonly #hub: EventHub;
  readonly #work = new Set<Promise<unknown>>();
  readonly #calls = new Set<Call>();

  /** Nothing goes on yet. */
  constructor(owner: BackgroundOwner, hub: EventHub) {
    this.#owner = owner;
    this.#hub = hub;
  }

  /** Keeps some work. */
  keep(work: Promise<unknown>): void {
    this.#work.add(work);
    const forget = () => this.#work.delete(work);
    work.then(forget, forget);
  }

  /** Starts a call for the same as another one, which a handler brings to its reply. */
  start(original: Call, handler: Handler): void {
    this.keep(this.#run(original, handler));
  }

  /** Ends when everything has ended; what has ended may have left something to be stored. */
  async end(): Promise<void> {
    while (this.#work.size > 0) await Promise.allSettled(this.#work);
  }

  /** Stops the calls. */
  cancel(reason: unknown): void {
    for (const call of this.#calls) call.cancel(reason);
  }

  /** Never rejects. */
  async #run({ request, lane, settings, limitKey }: Call, handler: Handler): Promise<void> {
    const context: CallContext = {
      // The next request tries again, and nobody waits for this one.
      settings: { ...settings, maxRetries: 0, totalTimeoutMs: Infinity },
      signals: [],
      headers: NO_HEADERS,
      allowance: undefined,
      streams: false,
      rejectsStatus: false,
      isBackground: true,
      owner: this.#owner,
      straightHeaders: undefined,
    };
    const call = new Call(context, request, NOBODY);
    call.lane = lane;
    call.limitKey = limitKey;
    call.startedAtMs = this.#owner.now();
    call.id = this.#owner.nextId();
    this.#calls.add(call);
    reportQueued(this.#hub, call);
    try {
      const reply = await handler(call);
      reply.openBody?.discard();
      reportSettled(this.#hub, call, this.#owner.now(), { ok: true, from: reply.from });
    } catch (error) {
      // No caller waits for it, but listeners are told.
      reportSettled(this.#hub, call, this.#owner.now(), { ok: false, error });
    } finally {
      call.settled = true;
      this.#calls.delete(call);
    }
  }
}

/**
 * One request on its way through the simulated CDN.
 *
 * @module
 */

import type { Clock, TimerHandle } from "../primitives/clock.ts";
import type { CdnOutcome, CdnRecorder, OpenLogEntry } from "./cdn_log.ts";
import type { Fault } from "../middleware/faults/fault.ts";
import type { ResponsePlan } from "./response_plan.ts";

/** The part of the CDN that an exchange needs. */
export interface CdnExchangeContext {
  readonly clock: Clock;
  /** The clock's time at the start. */
  startedAt: number;
  /** The exchanges in flight, so that closing the CDN can cancel them. */
  readonly open: Set<CdnExchange>;
}

/** A step of the body: its next bytes, or the way in which it ends. */
export type BodyStep = Uint8Array | "complete" | "cut";

/** The longest time for one chunk of a body with limited speed, in milliseconds, so that its bytes arrive evenly. */
const PACE_MS = 20;
const MAX_CHUNK_BYTES = 262_144;

/**
 * One request from its arrival to the end of its body. It writes the log, and its waits end at once when the client leaves. The
 * client may be a `fetch` or a socket; the exchange does not know which.
 */
export class CdnExchange {
  readonly entry: OpenLogEntry;
  readonly fault: Fault | undefined;
  /** Called when the exchange is cancelled. */
  onCancel: ((reason: unknown) => void) | undefined;
  /** Called when the exchange has ended, whatever the outcome. */
  onEnd: (() => void) | undefined;
  readonly #context: CdnExchangeContext;
  readonly #recorders: readonly CdnRecorder[];
  readonly #startedAt: number;
  #plan: ResponsePlan | undefined;
  #bodyStartedAt = 0;
  #timer: TimerHandle | undefined;
  #rejectWait: ((reason: unknown) => void) | undefined;

  /** Creates an exchange, and logs the arrival of its request. */
  constructor(
    entry: OpenLogEntry,
    fault: Fault | undefined,
    context: CdnExchangeContext,
    recorders: readonly CdnRecorder[],
  ) {
    this.entry = entry;
    this.fault = fault;
    this.#context = context;
    this.#recorders = recorders;
    this.#startedAt = context.startedAt;
    for (const recorder of recorders) recorder.arrived(entry);
    context.open.add(this);
  }

  /** Whether the exchange has ended. */
  get isEnded(): boolean {
    return this.entry.outcome !== "open";
  }

  /** Waits for a time on the clock; rejects with the reason if the exchange is cancelled meanwhile. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#rejectWait = reject;
      this.#timer = this.#context.clock.setTimeout(() => {
        this.#timer = undefined;
        resolve();
      }, ms);
    });
  }

  /** Waits until the exchange is cancelled, and rejects with the reason. */
  stall(): Promise<never> {
    return new Promise((_, reject) => this.#rejectWait = reject);
  }

  /** Waits for a promise; rejects with the reason if the exchange is cancelled meanwhile. */
  until<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#rejectWait = reject;
      promise.then(resolve, reject);
    });
  }

  /** Logs that the headers are sent, and starts the body. */
  answer(plan: ResponsePlan): void {
    this.#plan = plan;
    this.#bodyStartedAt = this.#context.clock.now();
    this.entry.status = plan.status;
    for (const recorder of this.#recorders) recorder.answered(plan.status);
  }

  /**
   * Returns the next step of the body. At the last step the caller has to end the exchange.
   *
   * @returns The step, or a promise for it if the exchange has to wait; it rejects with the reason if the exchange is cancelled.
   */
  nextStep(): BodyStep | Promise<BodyStep> {
    const { body, ending, bytesPerSecond } = this.#plan!;
    const position = this.entry.bytesSent;
    if (position === body.length) return ending === "stall" ? this.stall() : ending;
    if (bytesPerSecond === Infinity) return this.#sent(body.subarray(position, position + MAX_CHUNK_BYTES));
    const size = Math.max(1, Math.min(MAX_CHUNK_BYTES, Math.floor(bytesPerSecond * PACE_MS / 1_000)));
    const chunk = body.subarray(position, position + size);
    // The due time counts from the start of the body, so that late timers do not add up.
    const dueAt = this.#bodyStartedAt + (position + chunk.length) / bytesPerSecond * 1_000;
    const waitMs = dueAt - this.#context.clock.now();
    return waitMs > 0 ? this.wait(waitMs).then(() => this.#sent(chunk)) : this.#sent(chunk);
  }

  /** Whether the whole body has been sent, and neither a cut nor a stall follows. */
  get isBodyComplete(): boolean {
    const { body, ending } = this.#plan!;
    return ending === "complete" && this.entry.bytesSent === body.length;
  }

  /** Cancels the exchange, because the client has left or the CDN was closed. */
  cancel(reason: unknown): void {
    if (this.isEnded) return;
    this.end("aborted");
    this.#rejectWait?.(reason);
    this.onCancel?.(reason);
  }

  /** Ends the exchange; does nothing if it has ended. */
  end(outcome: Exclude<CdnOutcome, "open">): void {
    if (this.isEnded) return;
    if (this.#timer !== undefined) this.#context.clock.clearTimeout(this.#timer);
    this.entry.outcome = outcome;
    this.entry.endedAtMs = this.#context.clock.now() - this.#startedAt;
    this.#context.open.delete(this);
    for (const recorder of this.#recorders) recorder.ended(this.entry);
    this.onEnd?.();
  }

  #sent(chunk: Uint8Array): Uint8Array {
    this.entry.bytesSent += chunk.length;
    for (const recorder of this.#recorders) recorder.bytesSent += chunk.length;
    return chunk;
  }
}

/**
 * The reports of a call and its attempts to listeners. Without a listener, no event is built.
 *
 * @module
 */

import { redactUrl } from "../http/url.ts";
import type { Lane } from "../lanes/lane.ts";
import type { Receipt } from "../lanes/receipt.ts";
import type { Call } from "./call.ts";
import type { Reporter, ValueSource } from "./event.ts";
import type { Target } from "./journey.ts";
import type { Environment } from "./policy.ts";

/** The objects that reports need. */
export type ReportContext = Pick<Environment, "clock" | "reporter" | "pauseOn429">;

/** An attempt with its number. */
export interface NumberedAttempt {
  /** The number of the attempt, counted from 1 over all rounds and mirrors. */
  readonly number: number;
  /** The target of the attempt. */
  readonly target: Target;
}

/** The ending of a call. */
export type CallEnding =
  | { readonly ok: true; readonly from: ValueSource }
  | { readonly ok: false; readonly error: unknown };

/** Reports a call that has begun. */
export function reportQueued(reporter: Reporter, { id, url, prepared, startedAtMs }: Call): void {
  if (!reporter.active) return;
  const method = prepared?.method ?? "GET";
  reporter.emit({ type: "queued", requestId: id, atMs: startedAtMs, method, url: redactUrl(url) });
}

/** Reports how a call has ended. */
export function reportSettled(
  reporter: Reporter,
  { id, attempts, startedAtMs }: Call,
  atMs: number,
  ending: CallEnding,
): void {
  if (!reporter.active) return;
  const durationMs = atMs - startedAtMs;
  reporter.emit({ type: "settled", requestId: id, atMs, attempts, durationMs, ...ending });
}

/** Reports an attempt that is about to be sent. */
export function reportAttempt(
  { reporter, clock }: ReportContext,
  call: Call,
  { number, target }: NumberedAttempt,
): void {
  if (!reporter.active) return;
  const { lane, url } = target;
  reporter.emit({
    type: "attempt",
    requestId: call.id,
    atMs: clock.now(),
    attempt: number,
    origin: lane.key,
    url: redactUrl(url),
  });
}

/** Reports that the headers of an attempt have come. */
export function reportHeaders(
  { reporter, clock }: ReportContext,
  call: Call,
  { number }: NumberedAttempt,
  status: number,
): void {
  if (!reporter.active) return;
  reporter.emit({ type: "headers", requestId: call.id, atMs: clock.now(), attempt: number, status });
}

/** Reports that the body of an attempt has ended. */
export function reportBody(
  { reporter, clock }: ReportContext,
  call: Call,
  { number }: NumberedAttempt,
  bytes: number,
): void {
  if (!reporter.active) return;
  reporter.emit({ type: "body", requestId: call.id, atMs: clock.now(), attempt: number, bytes });
}

/**
 * Reports an attempt that was aborted, and whose `fetch` has never ended.
 *
 * @param target The target of the attempt; `undefined` for the call's own URL.
 */
export function reportWriteOff(
  { reporter, clock }: Pick<ReportContext, "clock" | "reporter">,
  call: Call,
  target: Target | undefined,
): void {
  if (!reporter.active) return;
  const { method, url } = call.describe(target);
  const message = `${method} ${url} was aborted, and its fetch has not ended: its permit is given to others`;
  reporter.emit({ type: "warning", atMs: clock.now(), source: "fetch", message });
}

/** A response that may state limits. */
export interface Statement {
  readonly lane: Lane;
  /** The receipt of the attempt, under limits that the origin has stated. */
  readonly receipt: Receipt | undefined;
  readonly status: number;
}

/**
 * Reports how long others wait, if a response has stated that a limit is used up. A 429 that pauses its origin, and a 503, report
 * their own wait.
 */
export function reportLimits(
  context: ReportContext,
  call: Call,
  { lane, receipt, status }: Statement,
): void {
  const { reporter, clock, pauseOn429 } = context;
  if (!reporter.active) return;
  const nowMs = clock.now();
  const books = [receipt?.line?.book, lane.book];
  const waitMs = Math.max(...books.map((book) => book?.takeNews(nowMs) ?? 0));
  const isTold = status === 503 || (status === 429 && pauseOn429 !== "request");
  if (waitMs > 0 && !isTold) reportPause(context, call, lane, waitMs);
}

/** Reports how long the client sends nothing to an origin, in milliseconds. */
export function reportPause(
  { reporter, clock }: ReportContext,
  call: Call,
  { key }: Lane,
  retryAfterMs: number,
): void {
  if (!reporter.active) return;
  reporter.emit({ type: "rateLimited", requestId: call.id, atMs: clock.now(), origin: key, retryAfterMs });
}

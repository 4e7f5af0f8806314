/**
 * The events with which a call begins and ends.
 *
 * @module
 */

import { redactUrl } from "../http/url.ts";
import type { Call } from "../policies/call.ts";
import type { Reporter, ValueSource } from "../policies/event.ts";

/** How a call ended. */
export type Ending = { readonly ok: true; readonly from: ValueSource } | {
  readonly ok: false;
  readonly error: unknown;
};

/** Tells of a call that has begun. */
export function reportQueued(reporter: Reporter, { id, url, prepared, startedAtMs }: Call): void {
  if (!reporter.active) return;
  const method = prepared?.method ?? "GET";
  reporter.emit({ type: "queued", requestId: id, atMs: startedAtMs, method, url: redactUrl(url) });
}

/** Tells how a call has ended. */
export function reportSettled(
  reporter: Reporter,
  { id, attempts, startedAtMs }: Call,
  atMs: number,
  ending: Ending,
): void {
  if (!reporter.active) return;
  const durationMs = atMs - startedAtMs;
  reporter.emit({ type: "settled", requestId: id, atMs, attempts, durationMs, ...ending });
}

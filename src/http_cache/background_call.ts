/**
 * A call without a caller: it refreshes an entry that has answered another call.
 *
 * @module
 */

import { NO_HEADERS } from "../http/headers.ts";
import { Call, type CallContext, NO_CALLER } from "../policies/call.ts";
import { reportQueued, reportSettled } from "../policies/call_events.ts";
import type { Environment, Handler } from "../policies/policy.ts";

/** The parts of a client that a background call needs. */
export type BackgroundEnvironment = Pick<Environment, "clock" | "reporter" | "inBackground">;

/**
 * Starts a background call for the same request as another call, unless the client is closed. A later `close` gives the call a
 * little time to end.
 *
 * @param environment The client's environment.
 * @param original The call that has caused it.
 * @param handler Brings the call to its reply, whose body is then discarded.
 */
export function startInBackground(
  environment: BackgroundEnvironment,
  original: Call,
  handler: Handler,
): void {
  const { owner } = original.context;
  if (owner.closing !== undefined) return;
  const { settings } = original;
  const context: CallContext = {
    // No retries: the next stale hit tries again. A lower priority: no caller waits for this call.
    settings: { ...settings, maxRetries: 0, totalTimeoutMs: Infinity, priority: settings.priority - 1 },
    signals: [],
    headers: NO_HEADERS,
    allowance: undefined,
    streams: false,
    rejectsStatus: false,
    isBackground: true,
    owner,
    straightHeaders: undefined,
  };
  const call = new Call(context, original.request, NO_CALLER);
  call.lane = original.lane;
  call.limitKey = original.limitKey;
  call.startedAtMs = environment.clock.now();
  call.id = owner.nextId();
  environment.inBackground(run(environment, call, handler), call);
}

/** Never rejects. */
async function run({ clock, reporter }: BackgroundEnvironment, call: Call, handler: Handler): Promise<void> {
  reportQueued(reporter, call);
  try {
    const reply = await handler(call);
    reply.openBody?.discard();
    reportSettled(reporter, call, clock.now(), { ok: true, from: reply.from });
  } catch (error) {
    // No caller gets the error, but listeners do.
    reportSettled(reporter, call, clock.now(), { ok: false, error });
  } finally {
    call.settled = true;
  }
}

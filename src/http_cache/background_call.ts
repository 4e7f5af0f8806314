/**
 * A call without a caller: it brings something up to date that another one was answered with.
 *
 * @module
 */

import { NO_HEADERS } from "../http/headers.ts";
import { Call, type CallContext, NO_CALLER } from "../policies/call.ts";
import { reportQueued, reportSettled } from "../policies/call_events.ts";
import type { Environment, Handler } from "../policies/policy.ts";

/** What a call without a caller needs of its client. */
export type BackgroundEnvironment = Pick<Environment, "clock" | "reporter" | "inBackground">;

/**
 * Starts a call for the same as another one, unless the client is closed. Closing it later gives the call a little time to end.
 *
 * @param environment What belongs to the client.
 * @param original The call that is the reason for it.
 * @param handler Brings it to its reply, whose body is then got rid of.
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
    // The next request tries again. No caller waits for this one, so it goes behind those that have one.
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
    // No caller waits for it, but listeners are told.
    reportSettled(reporter, call, clock.now(), { ok: false, error });
  } finally {
    call.settled = true;
  }
}

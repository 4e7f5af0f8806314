/**
 * The admission of a call to one of its lanes.
 *
 * @module
 */

import { Admission } from "../lanes/admission.ts";
import type { LooksAgain } from "../lanes/admission_waiter.ts";
import type { Lane } from "../lanes/lane.ts";
import type { Call } from "./call.ts";
import type { Environment } from "./policy.ts";

/**
 * Waits until a call may be sent.
 *
 * @param environment The objects that the policies share.
 * @param call The call.
 * @param lanes The lanes that the call may go to, the preferred one first.
 * @param inLine The set that holds the waiting call, so that a change of mirrors can make it look again.
 * @returns The admission; `undefined` if the call has been sent already. Rejects with the call's reason if it is stopped, with
 * the error of the lane that refuses it, and with `LOOK_AGAIN`.
 */
export async function admit(
  { scheduler, reporter, clock, budget }: Environment,
  call: Call,
  lanes: readonly Lane[],
  inLine?: Set<LooksAgain>,
): Promise<Admission | undefined> {
  if (call.journey.opening !== undefined) return undefined;
  const { granted } = call.journey;
  call.journey.granted = undefined;
  if (granted !== undefined) {
    call.journey.isProbing = granted.isProbe;
    return granted;
  }
  // The call may have been stopped between two waits, when nothing was pending.
  call.throwIfCancelled();
  const sinceMs = clock.now();
  const admitted = scheduler.admit(call, lanes, call.journey.isUrgent);
  let admission: Admission;
  if (admitted instanceof Admission) {
    // Resume as late as a waiter that was admitted before it in the same turn, so that the waiter goes first.
    admission = await Promise.resolve(admitted);
  } else {
    call.pending = admitted;
    // A request that was admitted meanwhile may have stopped this call.
    if (call.cancelled) admitted.cancel(call.reason);
    inLine?.add(admitted);
    try {
      admission = await admitted.admission;
    } finally {
      inLine?.delete(admitted);
      if (call.pending === admitted) call.pending = undefined;
    }
  }
  // The call may have been stopped at the very moment of its admission.
  if (call.cancelled) {
    admission.withdraw();
    throw call.reason;
  }
  call.journey.isProbing = admission.isProbe;
  // A probe does not wait for the retry budget, but a probe that is a retry takes from it all the same.
  if (admission.isProbe && call.attempts > 0) budget?.tryWithdraw(clock.now());
  if (reporter.active) {
    const atMs = clock.now();
    const waitedMs = atMs - sinceMs;
    if (scheduler.hasBucket(admission.lane)) {
      reporter.emit({ type: "token", requestId: call.id, atMs, waitedMs });
    }
    reporter.emit({ type: "permit", requestId: call.id, atMs, waitedMs });
  }
  return admission;
}

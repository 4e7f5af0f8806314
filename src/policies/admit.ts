/**
 * How a call comes to be admitted.
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
 * @param environment What the policies share.
 * @param call The call.
 * @param lanes The lanes that would do, the preferred one first.
 * @param inLine Where the call is found while it is in line, to be told to look again.
 * @returns What lets it be sent now; `undefined` if it has been sent. Rejects with its reason if it is stopped, with the error
 * of the lane that refuses it, and with `LOOK_AGAIN`.
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
  // It may have been stopped between two waits, when there was nothing that could be.
  call.throwIfCancelled();
  const sinceMs = clock.now();
  const admitted = scheduler.admit(call, lanes, call.journey.isUrgent);
  let admission: Admission;
  if (admitted instanceof Admission) {
    // As late as one that was in line, and admitted in this same turn: it goes first.
    admission = await Promise.resolve(admitted);
  } else {
    call.pending = admitted;
    // Another request that has gone ahead meanwhile may have stopped it.
    if (call.cancelled) admitted.cancel(call.reason);
    inLine?.add(admitted);
    try {
      admission = await admitted.admission;
    } finally {
      inLine?.delete(admitted);
      if (call.pending === admitted) call.pending = undefined;
    }
  }
  // It may have been stopped in the very moment in which it was admitted.
  if (call.cancelled) {
    admission.withdraw();
    throw call.reason;
  }
  call.journey.isProbing = admission.isProbe;
  // A probe waits for no budget, but a second try is one all the same.
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

/**
 * The contract of hedging, for the core of a client. The implementation is loaded only where hedging is used.
 *
 * @module
 */

import { isSafeMethod } from "../http/classify.ts";
import type { Admission } from "../lanes/admission.ts";
import type { Call } from "./call.ts";
import type { Opening, Target } from "./journey.ts";
import type { Reply } from "./reply.ts";

/** The ending of an attempt: a reply, or an error. */
export interface Ending {
  readonly target: Target;
  readonly reply?: Reply | undefined;
  readonly error?: unknown;
}

/** The start of an attempt. */
export interface RaceStart {
  readonly target: Target;
  /** The admission of an attempt to send; absent if it is in flight. */
  readonly admission?: Admission | undefined;
  /** An attempt that is in flight. */
  readonly opening?: Opening | undefined;
}

/** The knowledge of a round that hedging needs. */
export interface RaceField {
  /** Returns the targets that a second attempt may go to, the preferred one first. */
  rivals(toNextMirror: boolean): readonly Target[];
  /** Whether a status is the wanted result, or as good as it gets, so that the race does not wait for the other attempt. */
  isDecisive(target: Target, status: number): boolean;
}

/** Sends attempts, and hedged requests beside them; `E` is the type of the objects that the policies share. */
export interface Hedging<E> {
  /**
   * Sends an attempt, and another one beside it if it takes long.
   *
   * @param environment The objects that the policies share.
   * @param call The call.
   * @param start The start of the first attempt.
   * @param field The knowledge of the round.
   * @returns The decisive ending, or all failed ones, in the order in which they ended. It never rejects.
   */
  race(environment: E, call: Call, start: RaceStart, field: RaceField): Promise<readonly Ending[]>;
}

/** The hedging of a client; its code may not be loaded yet. */
export interface HedgingSlot<E> {
  readonly loaded: Hedging<E> | undefined;
}

/**
 * Whether a call may be sent twice at once: its method must be safe, and its body repeatable. An idempotent request is not
 * enough, for two changes at the same time may have another effect than one after the other.
 */
export function mayBeHedged({ prepared, settings, isBackground }: Call): boolean {
  if (settings.hedge === false || isBackground) return false;
  if (prepared === undefined) return settings.idempotent ?? true;
  return prepared.repeatable && isSafeMethod(prepared.method);
}

/**
 * Returns the hedging of an attempt; `undefined` for none. A probe goes alone, and an attempt that has ended needs no hedging.
 */
export function hedgingOf<E>(
  { hedging }: { readonly hedging: HedgingSlot<E> | undefined },
  call: Call,
  admission: Admission | undefined,
): Hedging<E> | undefined {
  const loaded = hedging?.loaded;
  if (loaded === undefined || admission?.isProbe === true) return undefined;
  const isEnded = admission === undefined && call.journey.opening?.answer === undefined;
  return isEnded || !mayBeHedged(call) ? undefined : loaded;
}

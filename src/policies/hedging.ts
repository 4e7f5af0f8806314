/**
 * What the core knows of hedging; its code is loaded where it is used.
 *
 * @module
 */

import { isSafeMethod } from "../http/classify.ts";
import type { Admission } from "../lanes/admission.ts";
import type { Call } from "./call.ts";
import type { Opening, Target } from "./journey.ts";
import type { Reply } from "./reply.ts";

/** How an attempt has ended: with a reply, or with an error. */
export interface Ending {
  readonly target: Target;
  readonly reply?: Reply | undefined;
  readonly error?: unknown;
}

/** What an attempt begins with. */
export interface RaceStart {
  readonly target: Target;
  /** What it was admitted with; absent if it is in flight. */
  readonly admission?: Admission | undefined;
  /** An attempt that is in flight. */
  readonly opening?: Opening | undefined;
}

/** What a round knows, and hedging does not. */
export interface RaceField {
  /** Where a second attempt may go, the preferred one first. */
  rivals(toNextMirror: boolean): readonly Target[];
  /** Whether a status is what the call asks for, or as good as it gets: no attempt beside it is waited for. */
  isDecisive(target: Target, status: number): boolean;
}

/** Sends attempts that may get company; `E` is what the policies share. */
export interface Hedging<E> {
  /**
   * Sends an attempt, and another one beside it if it takes long.
   *
   * @param environment What the policies share.
   * @param call The call.
   * @param start What the attempt begins with.
   * @param field What the round knows.
   * @returns The one that was decisive, or all that failed, in that order. It never rejects.
   */
  race(environment: E, call: Call, start: RaceStart, field: RaceField): Promise<readonly Ending[]>;
}

/** The hedging of a client, whose code may not be there yet. */
export interface HedgingSlot<E> {
  readonly loaded: Hedging<E> | undefined;
}

/**
 * Whether a call may be sent twice at once: methods that change nothing, whose body can be sent twice. That a request is idempotent is
 * not enough: two that change something at the same time may be more than one after the other.
 */
export function mayBeHedged({ prepared, settings, isBackground }: Call): boolean {
  if (settings.hedge === false || isBackground) return false;
  if (prepared === undefined) return settings.idempotent ?? true;
  return prepared.repeatable && isSafeMethod(prepared.method);
}

/** The hedging that an attempt is for; `undefined` for none. A probe goes alone, and so does what has ended already. */
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

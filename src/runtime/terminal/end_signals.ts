/**
 * The signals that ask a program to end.
 *
 * @module
 */

import type { EndSignal } from "./contract.ts";

/** Where Linux says which signals a process ignores (proc_pid_status(5)). */
export const STATUS = "/proc/self/status";
/** The last hexadecimal digit of the mask has the signals 1 to 4: SIGHUP is 1. */
const IGNORED = /^SigIgn:\s*[0-9a-f]*([0-9a-f])$/m;

type Register = (signal: EndSignal, listener: () => void) => unknown;

/** How a runtime listens to signals. */
export interface SignalSource {
  /** Begins to listen. */
  readonly add: Register;
  /** Stops. */
  readonly remove: Register;
  /** Whether SIGHUP was ignored when the process began, as `nohup` has it; `undefined` where that is unknown. */
  readonly ignoresHangup: boolean | undefined;
}

/**
 * Listens to all of the signals.
 *
 * @param listener Called with the signal's name.
 * @param source How the runtime listens.
 * @returns Disposing it brings the runtime's own behaviour back.
 */
export function onEndSignals(
  listener: (signal: EndSignal) => void,
  { add, remove, ignoresHangup }: SignalSource,
): Disposable {
  const listeners: (readonly [signal: EndSignal, listen: () => void])[] = [
    ["SIGINT", () => listener("SIGINT")],
    ["SIGTERM", () => listener("SIGTERM")],
  ];
  // Deno ends at a SIGHUP that was ignored, as soon as it listens to any signal; not where it listens to this one.
  if (ignoresHangup === true) listeners.push(["SIGHUP", () => {}]);
  if (ignoresHangup === false) listeners.push(["SIGHUP", once(() => listener("SIGHUP"))]);
  for (const [signal, listen] of listeners) add(signal, listen);
  return {
    [Symbol.dispose]: () => {
      for (const [signal, listen] of listeners) remove(signal, listen);
    },
  };
}

/** Of a terminal that is closed both the system and the shell tell, which is no second wish. */
function once(tell: () => void): () => void {
  let isTold = false;
  return () => {
    if (!isTold) tell();
    isTold = true;
  };
}

/**
 * Whether this process ignores SIGHUP. To be asked before it listens to any signal, which changes the answer.
 *
 * @param readStatus Reads {@linkcode STATUS}; gives nothing, or throws, where it can't.
 * @returns `undefined` where that is unknown.
 */
export function ignoresHangup(readStatus: () => string | undefined): boolean | undefined {
  try {
    const digit = IGNORED.exec(readStatus() ?? "")?.[1];
    return digit === undefined ? undefined : Number.parseInt(digit, 16) % 2 === 1;
  } catch {
    // No such file on this system, or it may not be read.
    return undefined;
  }
}

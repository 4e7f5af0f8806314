/**
 * The signals that ask a program to end.
 *
 * @module
 */

import type { EndSignal } from "./contract.ts";

/** The file in which Linux lists the signals that a process ignores (proc_pid_status(5)). */
export const STATUS = "/proc/self/status";
/** Finds the last hexadecimal digit of the mask of ignored signals. It stands for the signals 1 to 4; SIGHUP is 1. */
const IGNORED = /^SigIgn:\s*[0-9a-f]*([0-9a-f])$/m;

type Register = (signal: EndSignal, listener: () => void) => unknown;

/** How a runtime listens to signals. */
export interface SignalSource {
  /** Adds a listener. */
  readonly add: Register;
  /** Removes a listener. */
  readonly remove: Register;
  /** Whether the process ignored SIGHUP when it began, as under `nohup`; `undefined` where that is unknown. */
  readonly ignoresHangup: boolean | undefined;
}

/**
 * Listens to all signals that ask the program to end.
 *
 * @param listener Called with the signal's name.
 * @param source How the runtime listens to signals.
 * @returns Disposing it restores the runtime's own behaviour.
 */
export function onEndSignals(
  listener: (signal: EndSignal) => void,
  { add, remove, ignoresHangup }: SignalSource,
): Disposable {
  const listeners: (readonly [signal: EndSignal, listen: () => void])[] = [
    ["SIGINT", () => listener("SIGINT")],
    ["SIGTERM", () => listener("SIGTERM")],
  ];
  // Once Deno listens to any signal, a SIGHUP that was ignored ends it, unless it also listens to SIGHUP.
  if (ignoresHangup === true) listeners.push(["SIGHUP", () => {}]);
  if (ignoresHangup === false) listeners.push(["SIGHUP", once(() => listener("SIGHUP"))]);
  for (const [signal, listen] of listeners) add(signal, listen);
  return {
    [Symbol.dispose]: () => {
      for (const [signal, listen] of listeners) remove(signal, listen);
    },
  };
}

/**
 * Returns a listener that works only once. When a terminal is closed, both the system and the shell send SIGHUP: the second one
 * is no second request to end.
 */
function once(tell: () => void): () => void {
  let isTold = false;
  return () => {
    if (!isTold) tell();
    isTold = true;
  };
}

/**
 * Returns whether this process ignores SIGHUP. Call it before the process listens to any signal, because listening changes the
 * answer.
 *
 * @param readStatus Reads {@linkcode STATUS}; returns `undefined`, or throws, where it can't.
 * @returns `undefined` where that is unknown.
 */
export function ignoresHangup(readStatus: () => string | undefined): boolean | undefined {
  try {
    const digit = IGNORED.exec(readStatus() ?? "")?.[1];
    return digit === undefined ? undefined : Number.parseInt(digit, 16) % 2 === 1;
  } catch {
    // There is no such file on this system, or it may not be read.
    return undefined;
  }
}

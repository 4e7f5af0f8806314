/**
 * The signals that ask a program to end.
 *
 * @module
 */

import type { EndSignal } from "./contract.ts";

const END_SIGNALS: readonly EndSignal[] = ["SIGINT", "SIGTERM"];

type Register = (signal: EndSignal, listener: () => void) => unknown;

/**
 * Listens to all of the signals.
 *
 * @param listener Called with the signal's name.
 * @param add How the runtime begins to listen.
 * @param remove How it stops.
 * @returns Disposing it brings the runtime's own behaviour back.
 */
export function onEndSignals(
  listener: (signal: EndSignal) => void,
  add: Register,
  remove: Register,
): Disposable {
  const listeners = END_SIGNALS.map((signal) => [signal, () => listener(signal)] as const);
  for (const [signal, listen] of listeners) add(signal, listen);
  return {
    [Symbol.dispose]: () => {
      for (const [signal, listen] of listeners) remove(signal, listen);
    },
  };
}

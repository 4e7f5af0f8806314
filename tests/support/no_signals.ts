/**
 * Values that are no abort signals.
 *
 * @module
 */

/** Values that an option `signal` must refuse. The first one, a controller, is a common mistake for its signal. */
export const NO_SIGNALS: readonly AbortSignal[] = [
  new AbortController(),
  { aborted: false },
  {},
  null,
  "abort",
  5,
  () => {},
] as unknown[] as AbortSignal[];

/**
 * What is given in the place of a signal, and is none.
 *
 * @module
 */

/** Values that a signal's place must refuse: a controller is what callers mistake for its signal. */
export const NO_SIGNALS: readonly AbortSignal[] = [
  new AbortController(),
  { aborted: false },
  {},
  null,
  "abort",
  5,
  () => {},
] as unknown[] as AbortSignal[];

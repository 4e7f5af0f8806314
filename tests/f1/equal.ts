/**
 * Assertions about types, which the type checker evaluates.
 *
 * @module
 */

/** `true` when two types are the same, also in `readonly` and `?`; otherwise `false`. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

/** Compiles only when the type argument is `true`; does nothing at run time. */
export function assertType<_Holds extends true>(): void {}

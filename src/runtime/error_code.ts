/**
 * The `code` of an error.
 *
 * @module
 */

/** Returns the `code` of an error, such as `ENOENT`; `undefined` if it has none, or is no error at all. */
export function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | null | undefined)?.code;
}

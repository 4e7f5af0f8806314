/**
 * The codes of errors.
 *
 * @module
 */

/** What the `code` of an error says, such as `ENOENT`; `undefined` if it has none, or is no error at all. */
export function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | null | undefined)?.code;
}

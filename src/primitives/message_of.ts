/**
 * What errors say.
 *
 * @module
 */

/** The message of an error, or of whatever else was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

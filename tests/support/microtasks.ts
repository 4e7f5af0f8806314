/**
 * Waits for microtasks by number.
 *
 * @module
 */

/** Waits for a number of microtasks. */
export async function microtasks(count: number): Promise<void> {
  for (let index = 0; index < count; index++) await null;
}

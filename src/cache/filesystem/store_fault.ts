/**
 * Which faults every write would meet, and not that of one entry alone.
 *
 * @module
 */

/** No room, no quota, and a file system that may only be read. */
const STORE_CODES: readonly unknown[] = ["ENOSPC", "EDQUOT", "EROFS"];

const marked = new WeakSet<object>();

/**
 * Notes that an error is one of the whole store, whatever it looks like.
 *
 * @param error What was thrown.
 * @returns The same.
 */
export function asStoreFault<E>(error: E): E {
  if (typeof error === "object" && error !== null) marked.add(error);
  return error;
}

/** Whether an error is one of the whole store. */
export function isStoreFault(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  // What Deno throws without the permission, which mostly is that for all of the folder.
  return marked.has(error) || STORE_CODES.includes(code) || name === "NotCapable";
}

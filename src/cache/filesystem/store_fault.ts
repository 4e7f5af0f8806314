/**
 * Faults of the whole store, which would affect every write, and not that of one entry alone.
 *
 * @module
 */

/** The error codes for a full disk, an exhausted quota, and a read-only file system. */
const STORE_CODES: readonly unknown[] = ["ENOSPC", "EDQUOT", "EROFS"];

const marked = new WeakSet<object>();

/**
 * Marks an error as a fault of the whole store, whatever its code.
 *
 * @param error The thrown value.
 * @returns The same value.
 */
export function asStoreFault<E>(error: E): E {
  if (typeof error === "object" && error !== null) marked.add(error);
  return error;
}

/** Returns whether an error is a fault of the whole store. */
export function isStoreFault(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  // Deno throws `NotCapable` without a permission, and permissions mostly cover the whole folder.
  return marked.has(error) || STORE_CODES.includes(code) || name === "NotCapable";
}

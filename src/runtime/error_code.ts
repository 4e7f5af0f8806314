/**
 * The `code` of an error, and what some codes mean.
 *
 * @module
 */

/** Returns the `code` of an error, such as `ENOENT`; `undefined` if it has none, or is no error at all. */
export function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | null | undefined)?.code;
}

const DISK_FULL: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT"]);

/** Returns whether the `code` of an error, or of its cause, means that the disk, or the user's share of it, is full. */
export function isDiskFull(error: unknown): boolean {
  return DISK_FULL.has(codeOf(error)) || DISK_FULL.has(codeOf((error as Error | null | undefined)?.cause));
}

const OUT_OF_DESCRIPTORS: ReadonlySet<unknown> = new Set(["EMFILE", "ENFILE"]);

/** Returns whether the `code` of an error means that the process has no descriptor left for another file or connection. */
export function isOutOfDescriptors(error: unknown): boolean {
  return OUT_OF_DESCRIPTORS.has(codeOf(error));
}

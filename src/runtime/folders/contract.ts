/**
 * What the places of a user's folders depend on.
 *
 * @module
 */

/** The machine and its user, as far as folders go. None of it ever asks the user for a permission. */
export interface UserFolders {
  /** The operating system: `"darwin"`, `"windows"`, or another one, which is taken for a Unix. */
  readonly system: string;
  /** An environment variable; `undefined` where it is not set, and `null` where it may not be read. */
  env(name: string): string | undefined | null;
  /** Whether all below a path may be read and written. */
  mayUse(path: string): boolean;
}

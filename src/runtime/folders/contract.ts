/**
 * The facts that decide where a user's folders are.
 *
 * @module
 */

/** The machine and its user, as far as folders depend on them. No member ever asks the user for a permission. */
export interface UserFolders {
  /** The operating system: `"darwin"`, `"windows"`, or any other, which counts as a Unix. */
  readonly system: string;
  /** Returns an environment variable; `undefined` where it is not set, and `null` where it may not be read. */
  env(name: string): string | undefined | null;
  /** Returns whether the program may read and write everything below a path. */
  mayUse(path: string): boolean;
}

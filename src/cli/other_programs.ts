/**
 * Flags by the names that other programs give them.
 *
 * @module
 */

/** The names that curl, wget, aria2c, xh and GNU parallel use for flags that do the same here. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  agent: ["user-agent"],
  concurrency: ["jobs", "max-concurrent-downloads", "max-threads", "parallel", "parallel-max"],
  data: ["data-ascii", "data-binary", "data-raw", "post-data", "raw"],
  "fail-fast": ["fail-early"],
  method: ["head", "request"],
  out: ["dir", "directory-prefix", "output-dir"],
  output: ["output-document"],
  quiet: ["no-progress-meter", "silent"],
  resume: ["continue", "continue-at"],
  retries: ["max-tries", "retry", "tries"],
  timeout: ["connect-timeout", "read-timeout"],
  "total-timeout": ["max-time"],
  user: ["auth"],
};

/**
 * Returns the flag that other programs call so.
 *
 * @param name The name in another program, without the hyphens before it.
 * @param known The flags of the command.
 * @returns The flag of the command; `undefined` if there is none.
 */
export function flagElsewhere(name: string, known: readonly string[]): string | undefined {
  return known.find((own) => Object.hasOwn(OTHER_NAMES, own) && OTHER_NAMES[own]!.includes(name));
}

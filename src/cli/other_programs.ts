/**
 * Flags by the names that other programs give them.
 *
 * @module
 */

/** The names and letters that curl, wget, aria2c, xh and GNU parallel use for flags that do the same here. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  agent: ["user-agent"],
  concurrency: ["jobs", "max-concurrent-downloads", "max-threads", "parallel", "parallel-max", "Z", "j"],
  data: ["data-ascii", "data-binary", "data-raw", "post-data", "raw"],
  "fail-fast": ["fail-early"],
  header: ["cookie", "range", "referer", "b", "e", "r"],
  method: ["head", "request", "I"],
  out: ["dir", "directory-prefix", "output-dir", "remote-name", "remote-name-all", "P"],
  output: ["output-document"],
  quiet: ["no-progress-meter", "silent", "q", "s"],
  resume: ["continue", "continue-at", "no-clobber", "C"],
  retries: ["max-tries", "retry", "tries"],
  timeout: ["connect-timeout", "read-timeout"],
  "total-timeout": ["max-time", "m"],
  user: ["auth"],
};

/**
 * Returns the flag that other programs call so.
 *
 * @param name The name or letter in another program, without the hyphens before it.
 * @param known The flags of the command.
 * @returns The flag of the command; `undefined` if there is none.
 */
export function flagElsewhere(name: string, known: readonly string[]): string | undefined {
  return known.find((own) => Object.hasOwn(OTHER_NAMES, own) && OTHER_NAMES[own]!.includes(name));
}

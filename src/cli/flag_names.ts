/**
 * The names of flags in messages of the client, which name its options instead.
 *
 * @module
 */

/** What stands in a message in place of each option that a user of the command line may read about. */
const NAMES: Readonly<Record<string, string>> = {
  timeoutMs: "'--timeout'",
  // The command line leaves this option out: the client then takes the timeout of an attempt.
  idleTimeoutMs: "'--timeout'",
  totalTimeoutMs: "'--total-timeout'",
  patienceMs: "'--patience'",
  // No flag changes the default of 60,999 milliseconds.
  maxRetryAfterMs: "a minute",
  // No flag names certificates, but Deno reads this variable.
  caCerts: "DENO_CERT in the environment",
};
const OPTION = new RegExp(String.raw`'(${Object.keys(NAMES).join("|")})'(?:: (\d+(?:\.\d+)?)\b)?`, "g");
/** Advice of Bun that only a program can follow, at the end of the message of a connection that broke off. */
const ADVICE = ". For more information, pass `verbose: true` in the second argument to fetch()";

/**
 * Returns a message with flags in place of options, and a time behind an option with its unit, as a flag may have it; without
 * advice of the runtime that names options of `fetch`.
 */
export function nameFlags(message: string): string {
  return message.replace(ADVICE, "").replace(OPTION, (_, option: string, time?: string) => {
    const name = NAMES[option]!;
    return time === undefined ? name : `${name}: ${duration(Number(time))}`;
  });
}

function duration(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`;
}

/**
 * Hints for unknown options: where the option belongs, or which one the caller probably meant.
 *
 * @module
 */

import { editDistance, nearestOf } from "../primitives/edit_distance.ts";

/** Options that belong elsewhere, each with an advice such as "give it to createClient()". */
export type Elsewhere = Readonly<Record<string, string>>;

/**
 * The names that other packages (ky, got, axios, ofetch, undici, bottleneck) use for options, in lower case. If a name fits
 * several options, the first known one counts.
 */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  as: ["responsetype"],
  backoff: ["backofflimit", "retrydelay"],
  baseUrls: ["base", "baseurl", "prefix", "prefixurl"],
  json: ["data", "json"],
  body: ["data", "form", "json"],
  concurrency: ["limit", "maxconcurrency", "maxconcurrent", "maxsockets", "parallel"],
  cooldownMs: ["resettimeout"],
  fetch: ["adapter"],
  headers: ["auth", "useragent"],
  maxBodyBytes: ["maxbodysize", "maxcontentlength", "maxresponsesize"],
  onProgress: ["ondownloadprogress"],
  maxRetries: ["maxretry", "retries", "retry", "retrycount"],
  query: ["params", "searchparams"],
  rateLimit: ["intervalcap", "mintime", "reservoir", "throttle"],
  retryOn: ["retrycondition", "retrystatuscodes", "shouldretry"],
  schema: ["parser"],
  signal: ["abortsignal"],
  threshold: ["failurethreshold"],
  transport: ["agent", "dispatcher", "httpagent", "httpsagent"],
  url: ["href", "uri"],
  use: [
    "cookiejar",
    "cookies",
    "hooks",
    "interceptors",
    "middleware",
    "middlewares",
    "onrequest",
    "onresponse",
    "plugins",
  ],
};

/**
 * Describes what is wrong with an option of this name, and what to do about it.
 *
 * @param name The given name.
 * @param known The names of all options.
 * @param elsewhere The names of options that belong elsewhere.
 * @returns A text that begins with "is not an option".
 */
export function describeUnknown(name: string, known: readonly string[], elsewhere: Elsewhere = {}): string {
  if (Object.hasOwn(elsewhere, name)) return `is not an option here: ${elsewhere[name]}`;
  const meant = closest(name, known);
  if (meant !== undefined) return `is not an option: did you mean '${meant}'?`;
  const foreign = closest(name, Object.keys(elsewhere));
  return foreign === undefined
    ? "is not an option"
    : `is not an option: did you mean '${foreign}'? If so, ${elsewhere[foreign]}`;
}

/**
 * Throws for an option with an unknown name.
 *
 * @param action The action for the error message, as in "Cannot {action} as …".
 * @param options The options.
 * @param known The names of all options.
 * @param place Where the options are, as in `dns.`, and the names of options that belong elsewhere.
 * @throws {TypeError} If there is an unknown one.
 */
export function assertKnownOptions(
  action: string,
  options: object,
  known: readonly string[],
  { prefix = "", elsewhere }: { readonly prefix?: string; readonly elsewhere?: Elsewhere } = {},
): void {
  const foreign = Object.keys(options).find((name) => !known.includes(name));
  if (foreign === undefined) return;
  throw new TypeError(
    `Cannot ${action} as '${prefix}${foreign}' ${describeUnknown(foreign, known, elsewhere)}`,
  );
}

/** Returns the name that the caller probably meant; `undefined` if none is close. */
function closest(name: string, known: readonly string[]): string | undefined {
  const given = normalize(name);
  // Try both spellings: 'params' seems to end with the unit 'ms'.
  const names = [spelled(name), given];
  const translated = Object.keys(OTHER_NAMES).find((own) =>
    known.includes(own) && OTHER_NAMES[own]!.some((other) => names.includes(other))
  );
  if (translated !== undefined) return translated;
  const most = Math.max(1, Math.floor(given.length / 4));
  return nearestOf(known, most, (candidate) => distanceOf(given, normalize(candidate), most));
}

/** Returns a name without the usual differences in spelling: capitals, underscores, hyphens, and a unit at the end. */
function normalize(name: string): string {
  return spelled(name).replace(/(?<=..)(ms|bytes?)$/, "");
}

function spelled(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, "");
}

/** Returns the distance between two names. A long enough prefix of the other name counts as close. */
function distanceOf(from: string, to: string, most: number): number {
  if (to.length > 4 && from.length >= 4 && to.startsWith(from)) return from === to ? 0 : 1;
  return editDistance(from, to, most);
}

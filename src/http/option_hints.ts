/**
 * What to say of an option that is not one: where it belongs, or what was probably meant.
 *
 * @module
 */

import { editDistance, nearestOf } from "../primitives/edit_distance.ts";

/** Options that are given somewhere else, and where: an advice such as "give it to createClient()". */
export type Elsewhere = Readonly<Record<string, string>>;

/** What others call options (ky, got, axios, ofetch, undici, bottleneck), in small letters; where two are meant, the first that there is. */
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
 * What is wrong with an option of this name, and what to do about it.
 *
 * @param name The name that was given.
 * @param known The names that there are.
 * @param elsewhere The names that there are somewhere else.
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
 * Refuses options of names that there are not.
 *
 * @param action What can't be done, as in "Cannot {action} as …".
 * @param options The options.
 * @param known The names that there are.
 * @throws {TypeError} If there is another one.
 */
export function assertKnownOptions(action: string, options: object, known: readonly string[]): void {
  const foreign = Object.keys(options).find((name) => !known.includes(name));
  if (foreign === undefined) return;
  throw new TypeError(`Cannot ${action} as '${foreign}' ${describeUnknown(foreign, known)}`);
}

/** The name that was probably meant; nothing if none is near. */
function closest(name: string, known: readonly string[]): string | undefined {
  const given = normalize(name);
  // 'params' ends like a unit, and is none.
  const names = [spelled(name), given];
  const translated = Object.keys(OTHER_NAMES).find((own) =>
    known.includes(own) && OTHER_NAMES[own]!.some((other) => names.includes(other))
  );
  if (translated !== undefined) return translated;
  const most = Math.max(1, Math.floor(given.length / 4));
  return nearestOf(known, most, (candidate) => distanceOf(given, normalize(candidate)));
}

/** A name without what people write differently: capitals, underscores, and the unit at the end. */
function normalize(name: string): string {
  return spelled(name).replace(/(?<=..)(ms|bytes?)$/, "");
}

function spelled(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, "");
}

/** How far a name is from another one; one that begins it counts as near. */
function distanceOf(from: string, to: string): number {
  if (to.length > 4 && from.length >= 4 && to.startsWith(from)) return from === to ? 0 : 1;
  return editDistance(from, to);
}

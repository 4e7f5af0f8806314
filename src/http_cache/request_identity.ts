/**
 * What a request is for a cache, seen from where the client's requests lead.
 *
 * @module
 */

import { joinUrl, withoutFragment } from "../http/url.ts";
import type { CacheSurroundings } from "../policies/cache_plan.ts";
import type { Call } from "../policies/call.ts";
import { type Mirror, relativeTo, urlAt } from "../policies/mirror.ts";

/** What the names of headers say that carry credentials; there are too many for a list. Where in doubt, the cache is passed by. */
const SECRET_NAME =
  /token|key|secret|session|pass(?:word|wd|code|phrase)|signature|auth|bearer|cookie|credential|csrf|xsrf|dpop|jwt|saml|assertion|principal/;
/** Short words that mean credentials only as the last one of a name. */
const SECRET_WORD = /(?:^|[-_])(?:pass|pwd|pin|otp|sid|sig|ticket)$/;

/**
 * Whether a request carries credentials, to whichever mirror it goes: its response is for no other caller. Headers that are said to be
 * sensitive are such, and those whose names say token, key, secret, session, password, signature, auth or the like.
 *
 * @param call The request.
 * @param surroundings Where the client's requests lead, and what they carry.
 * @returns Whether it does.
 */
export function hasCredentials(
  { request }: Call,
  { headers, sensitive, mirrors }: CacheSurroundings,
): boolean {
  const isSecret = (names: ReadonlySet<string>) => (name: string) =>
    names.has(name) || SECRET_NAME.test(name) || SECRET_WORD.test(name);
  if ([request.headers, headers].some((map) => Object.keys(map).some(isSecret(sensitive)))) return true;
  if (request.absolute) return false;
  return mirrors.some((mirror) => Object.keys(mirror.headers).some(isSecret(mirror.sensitive)));
}

/**
 * The URL that names a resource, whichever mirror serves it.
 *
 * @param call The request.
 * @param surroundings Where the client's requests lead.
 * @returns The absolute URL, in the one spelling that all others are the same as.
 */
export function resourceUrl({ request }: Call, { mirrors }: CacheSurroundings): string {
  return new URL(request.absolute ? request.url : joinUrl(mirrors[0]!.base, request.url)).href;
}

/**
 * All URLs that name what a URL does: what one mirror has, all of them have. A mirror whose layout is its own is known by the URLs that
 * lead there, but what they lead to does not tell which those are.
 *
 * @param url The absolute URL.
 * @param mirrors The mirrors.
 * @returns The URL itself, the one that names its resource whichever mirror serves it, and the mirrors' own; without fragments, each
 * once.
 */
export function aliasesOf(url: string, mirrors: readonly Mirror[]): readonly string[] {
  const aliases = new Set([withoutFragment(new URL(url).href)]);
  for (const mirror of mirrors) {
    const relative = relativeTo([mirror], withoutFragment(url));
    if (relative === undefined) continue;
    for (const alias of namesOf(relative, mirrors)) aliases.add(withoutFragment(new URL(alias).href));
  }
  return [...aliases];
}

function namesOf(relative: string, mirrors: readonly Mirror[]): readonly string[] {
  return mirrors.flatMap((mirror, nth) => {
    const name = nth === 0 ? [joinUrl(mirror.base, relative)] : [];
    try {
      return [...name, urlAt(mirror, relative)];
    } catch {
      // The caller's own `path` threw; the request that it is meant for fails of it, and nothing is stored.
      return name;
    }
  });
}

/**
 * Whether not all mirrors are sent some headers alike, so that a response which they select can't be found again.
 *
 * @param call The request.
 * @param names The lower-case names of the headers.
 * @param surroundings Where the client's requests lead, and what they carry.
 * @returns Whether one of the headers differs.
 */
export function variesByMirror(
  { request }: Call,
  names: readonly string[],
  { headers, mirrors }: CacheSurroundings,
): boolean {
  return !request.absolute &&
    mirrors.some((mirror) => names.some((name) => mirror.headers[name] !== headers[name]));
}

/**
 * Identifies a request for the cache: the URL of its resource, the other URLs of the same resource, and whether it carries
 * credentials.
 *
 * @module
 */

import { joinUrl, withoutFragment } from "../http/url.ts";
import type { CacheContext } from "../policies/cache_plan.ts";
import type { Call } from "../policies/call.ts";
import { type Mirror, relativeTo, urlAt } from "../policies/mirror.ts";

/**
 * Parts of the names of headers that carry credentials; there are too many such headers for a list. A false match only bypasses
 * the cache.
 */
const SECRET_NAME =
  /token|key|secret|session|pass(?:word|wd|code|phrase)|signature|auth|bearer|cookie|credential|csrf|xsrf|dpop|jwt|saml|hmac|oidc|wsse|assertion|principal/;
/** Short words that mean credentials only as the last word of a name. */
const SECRET_WORD = /(?:^|[-_])(?:pass|pwd|pin|otp|totp|sid|sig|sas|ticket)$/;

/**
 * Whether a request carries credentials to any mirror, so that its response is for no other caller. Credentials are headers that
 * the client lists as sensitive, and headers whose names say token, key, secret, session, password, signature, auth or the like.
 *
 * @param call The request.
 * @param context The client's mirrors and common headers.
 * @returns Whether it does.
 */
export function hasCredentials(
  { request }: Call,
  { headers, sensitive, mirrors }: CacheContext,
): boolean {
  const isSecret = (names: ReadonlySet<string>) => (name: string) =>
    names.has(name) || SECRET_NAME.test(name) || SECRET_WORD.test(name);
  if ([request.headers, headers].some((map) => Object.keys(map).some(isSecret(sensitive)))) return true;
  if (request.absolute) return false;
  return mirrors.some((mirror) => Object.keys(mirror.headers).some(isSecret(mirror.sensitive)));
}

/**
 * Returns the URL that names a resource, independent of the mirror: the URL at the first mirror.
 *
 * @param call The request.
 * @param context The client's mirrors and common headers.
 * @returns The absolute URL, in its normal form.
 */
export function resourceUrl({ request }: Call, { mirrors }: CacheContext): string {
  return new URL(request.absolute ? request.url : joinUrl(mirrors[0]!.base, request.url)).href;
}

/**
 * Returns all URLs that name the same resource as a URL, because all mirrors hold the same resources. For a mirror with a `path`
 * function, the resource leads to the mirror's URL, but that URL does not lead back to the resource.
 *
 * @param url The absolute URL.
 * @param mirrors The mirrors.
 * @returns The URL itself, the one at the first mirror, and those at the other mirrors; without fragments, each once.
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
      // The mirror's `path` function threw. A request to this mirror fails with the same error, so nothing is stored under such a
      // URL.
      return name;
    }
  });
}

/**
 * Whether the client sends different values of some headers to its mirrors, so that no request could find a response again that
 * these headers select.
 *
 * @param call The request.
 * @param names The lower-case names of the headers.
 * @param context The client's mirrors and common headers.
 * @returns Whether one of the headers differs.
 */
export function variesByMirror(
  { request }: Call,
  names: readonly string[],
  { headers, mirrors }: CacheContext,
): boolean {
  return !request.absolute &&
    mirrors.some((mirror) => names.some((name) => mirror.headers[name] !== headers[name]));
}

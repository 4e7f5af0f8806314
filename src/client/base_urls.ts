/**
 * Makes mirrors of the base URLs in a client's options.
 *
 * @module
 */

import { describeKind } from "../primitives/argument_checks.ts";
import { type HeaderMap, mergeHeaders, NO_HEADERS, toHeaderMap } from "../http/headers.ts";
import { isUrl, parseHttpUrl, resolveUrl, shownUrl, splitUserInfo } from "../http/url.ts";
import type { Lanes } from "../lanes/lanes.ts";
import type { Mirror } from "../policies/mirror.ts";
import { pageUrl } from "../runtime/web.ts";
import type { ClientOptions, MirrorOptions } from "./options.ts";

/** The parts of a client that its mirrors use. */
export interface BaseUrlsContext {
  readonly lanes: Lanes;
  /** The client's headers. */
  readonly headers: HeaderMap;
  /** Lower-case names of headers that must not reach another origin. */
  readonly sensitive: ReadonlySet<string>;
}

/**
 * Takes over the mirrors of a client.
 *
 * @param mirrors The mirrors, in the order of the base URLs.
 * @param make Makes a further one.
 * @returns The mirrors that the client asks, in an array that may grow. The keeper may switch each mirror off.
 */
export type MirrorKeeper = (
  mirrors: readonly Mirror[],
  make: (options: MirrorOptions) => Mirror,
) => readonly Mirror[];

const keepers = new WeakMap<object, MirrorKeeper>();

/** Lets the mirrors of a client change while it runs. It applies to the client that is created with this very array. */
export function keepMirrors(baseUrls: readonly MirrorOptions[], keeper: MirrorKeeper): void {
  keepers.set(baseUrls, keeper);
}

/**
 * Makes the mirrors of base URLs. User info in a URL becomes a header of the mirror. A mirror's own headers go to no other
 * origin.
 *
 * @param baseUrls The option.
 * @param context The parts of the client.
 * @returns The mirrors, preferred first; none without the option.
 * @throws {TypeError} If a URL is not absolute, not http(s), or has a query or a fragment.
 * @throws {RangeError} If there are no URLs in the list.
 */
export function toMirrors(
  baseUrls: ClientOptions["baseUrls"],
  context: BaseUrlsContext,
): readonly Mirror[] {
  if (baseUrls === undefined) return [];
  const list = isUrl(baseUrls) ? [baseUrls] : baseUrls;
  if (list.length === 0) throw new RangeError("Cannot create client as 'baseUrls' must not be empty");
  const mirrors = list.map((entry, index) => {
    const mirror = isUrl(entry) ? { url: entry } : entry;
    return toMirror(mirror, { action: "create client", name: `baseUrls.${index}` }, context);
  });
  const keeper = keepers.get(list);
  if (keeper === undefined) return mirrors;
  return keeper(mirrors, (mirror) => toMirror(mirror, { action: "add mirror", name: "url" }, context));
}

/** The terms of an error message. */
interface Terms {
  /** The action that failed, as in `Cannot {action}`. */
  readonly action: string;
  /** The name of the option that has the mirror's URL. */
  readonly name: string;
}

function toMirror(mirror: MirrorOptions, terms: Terms, context: BaseUrlsContext): Mirror {
  const { name } = terms;
  const text = resolveUrl(String(mirror.url), pageUrl());
  const credentials = splitUserInfo(text);
  const url = parseBase(credentials?.url ?? text, terms);
  const fromUrl = credentials === undefined ? NO_HEADERS : { authorization: credentials.authorization };
  const own = mergeHeaders(fromUrl, toHeaderMap(mirror.headers, `the headers of '${name}'`));
  return {
    lane: context.lanes.keep(url.origin),
    base: url.href,
    headers: mergeHeaders(context.headers, own),
    sensitive: new Set([...context.sensitive, ...Object.keys(own)]),
    path: mirror.path && safePath(mirror.path, name),
    moveOn: mirror.moveOn && new Set(mirror.moveOn),
  };
}

/** Wraps a caller's mapping, and checks that it returns a string. */
function safePath(path: (path: string) => string, name: string): (path: string) => string {
  return (url) => {
    const mapped: unknown = path(url);
    if (typeof mapped === "string") return mapped;
    throw new TypeError(
      `Cannot fetch as the 'path' of '${name}' must return a string: received ${describeKind(mapped)}`,
    );
  };
}

function parseBase(text: string, { action, name }: Terms): URL {
  let url: URL;
  try {
    url = parseHttpUrl(text);
  } catch (cause) {
    const rule = `'${name}' must be an absolute http(s) URL`;
    throw new TypeError(`Cannot ${action} as ${rule}: received '${shownUrl(text)}'`, { cause });
  }
  if (!/[?#]/.test(url.href)) return url;
  const rule = `'${name}' must have no query and no fragment`;
  throw new TypeError(`Cannot ${action} as ${rule}: received '${shownUrl(text)}'`);
}

/**
 * Mirrors, from the base URLs of a client's options.
 *
 * @module
 */

import { type HeaderMap, mergeHeaders, NO_HEADERS, toHeaderMap } from "../http/headers.ts";
import { parseHttpUrl, resolveUrl, shownUrl, splitUserInfo } from "../http/url.ts";
import type { Lanes } from "../lanes/lanes.ts";
import type { Mirror } from "../policies/mirrors.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { ClientOptions, MirrorOptions } from "./options.ts";

/** What surrounds the mirrors of a client. */
export interface MirrorSurroundings {
  readonly lanes: Lanes;
  /** The client's headers. */
  readonly headers: HeaderMap;
  /** Lower-case names of headers that must not reach another origin. */
  readonly sensitive: ReadonlySet<string>;
}

/**
 * The mirrors that base URLs stand for. User info becomes a header of the mirror, and a mirror's own headers never leave it.
 *
 * @param baseUrls The option.
 * @param surroundings What belongs to the client.
 * @returns The mirrors, preferred first; none without the option.
 * @throws {TypeError} If a URL is not absolute, not http(s), or has a query or a fragment.
 * @throws {RangeError} If there are no URLs in the list.
 */
export function toMirrors(
  baseUrls: ClientOptions["baseUrls"],
  surroundings: MirrorSurroundings,
): readonly Mirror[] {
  if (baseUrls === undefined) return [];
  const list = typeof baseUrls === "string" || baseUrls instanceof URL ? [baseUrls] : baseUrls;
  if (list.length === 0) throw new RangeError("Cannot create client as 'baseUrls' must not be empty");
  return list.map((entry, index) => {
    const mirror = typeof entry === "string" || entry instanceof URL ? { url: entry } : entry;
    return toMirror(mirror, `baseUrls.${index}`, surroundings);
  });
}

function toMirror(mirror: MirrorOptions, name: string, surroundings: MirrorSurroundings): Mirror {
  const text = resolveUrl(String(mirror.url), currentRuntime.baseUrl());
  const credentials = splitUserInfo(text);
  const url = parseBase(credentials?.url ?? text, name);
  const fromUrl = credentials === undefined ? NO_HEADERS : { authorization: credentials.authorization };
  const own = mergeHeaders(fromUrl, toHeaderMap(mirror.headers, `the headers of '${name}'`));
  return {
    lane: surroundings.lanes.keep(url.origin),
    base: url.href,
    headers: mergeHeaders(surroundings.headers, own),
    sensitive: new Set([...surroundings.sensitive, ...Object.keys(own)]),
  };
}

function parseBase(text: string, name: string): URL {
  let url: URL;
  try {
    url = parseHttpUrl(text);
  } catch (cause) {
    const rule = `'${name}' must be an absolute http(s) URL`;
    throw new TypeError(`Cannot create client as ${rule}: received '${shownUrl(text)}'`, { cause });
  }
  if (!/[?#]/.test(url.href)) return url;
  const rule = `'${name}' must have no query and no fragment`;
  throw new TypeError(`Cannot create client as ${rule}: received '${shownUrl(text)}'`);
}

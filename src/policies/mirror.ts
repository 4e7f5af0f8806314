/**
 * A mirror: a base URL, and the way from a relative URL to a URL there.
 *
 * @module
 */

import type { HeaderMap } from "../http/headers.ts";
import { isAbsoluteUrl, joinUrl, withoutFragment, withoutIgnored, withoutLead } from "../http/url.ts";
import type { LooksAgain } from "../lanes/admission_waiter.ts";
import type { Lane } from "../lanes/lane.ts";

/** One mirror of a client. */
export interface Mirror {
  readonly lane: Lane;
  /** The base URL, without query and fragment. */
  readonly base: string;
  /** The headers of requests to this mirror: the client's, overridden by the mirror's own. */
  readonly headers: HeaderMap;
  /** Lower-case names of headers that must not reach another origin, including the mirror's own. */
  readonly sensitive: ReadonlySet<string>;
  /** Maps a request's relative URL to the path at this mirror. */
  readonly path?: ((path: string) => string) | undefined;
  /** Statuses after which the call asks the next mirror, besides those that show a server in trouble. */
  readonly moveOn?: ReadonlySet<number> | undefined;
  /** Whether the mirror is left out at present. */
  readonly isOff?: (() => boolean) | undefined;
  /** The calls in line, to be notified when a mirror is switched on or off, or added; absent if mirrors can't change. */
  readonly inLine?: Set<LooksAgain> | undefined;
}

/**
 * Returns the URL at which a mirror has the resource that a relative URL names.
 *
 * @param mirror The mirror.
 * @param url The relative URL.
 * @returns The absolute URL.
 * @throws {unknown} What the mirror's `path` throws.
 */
export function urlAt({ base, path }: Mirror, url: string): string {
  return joinUrl(base, path === undefined ? url : path(withoutLead(withoutIgnored(url))));
}

/**
 * Returns the relative URL of the resource that an absolute URL names; the opposite of {@linkcode urlAt}.
 *
 * @param mirrors The mirrors.
 * @param url The absolute URL.
 * @returns The relative URL; `undefined` if no mirror has that URL, or only a mirror with its own `path`.
 */
export function relativeTo(mirrors: readonly Mirror[], url: string): string | undefined {
  for (const { base, path } of mirrors) {
    if (path !== undefined || !url.startsWith(base)) continue;
    const relative = url.slice(base.length).replace(/^\//, "");
    if (!isAbsoluteUrl(relative) && joinUrl(base, relative) === url) return relative;
  }
  return undefined;
}

/**
 * Returns all URLs that name a resource: where mirrors have it, that of each mirror.
 *
 * @param mirrors The mirrors.
 * @param url One of its URLs.
 * @param absolute Whether that is an absolute URL.
 * @returns The URLs as a parser writes them, without fragments.
 */
export function namesOf(mirrors: readonly Mirror[], url: string, absolute: boolean): readonly string[] {
  const own = absolute || mirrors.length === 0 ? withoutFragment(new URL(url).href) : undefined;
  // An absolute URL may name a resource at one of the mirrors, which all have the same resources.
  const relative = own === undefined ? url : relativeTo(mirrors, own);
  if (relative === undefined) return [own!];
  return mirrors.flatMap((mirror) => {
    try {
      return withoutFragment(new URL(urlAt(mirror, relative)).href);
    } catch {
      // The caller's own `path` threw, so no request for this URL has gone to this mirror.
      return [];
    }
  });
}

/** Returns the lanes of the mirrors that are not left out, the preferred one first. */
export function lanesOf(mirrors: readonly Mirror[]): readonly Lane[] {
  return mirrors.filter(isOn).map(({ lane }) => lane);
}

/** Whether a mirror is not left out. */
export function isOn({ isOff }: Mirror): boolean {
  return isOff?.() !== true;
}

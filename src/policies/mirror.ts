/**
 * One mirror: a base URL, and how a relative URL leads there.
 *
 * @module
 */

import type { HeaderMap } from "../http/headers.ts";
import { isAbsoluteUrl, joinUrl, withoutIgnored, withoutLead } from "../http/url.ts";
import type { LooksAgain } from "../lanes/admission_waiter.ts";
import type { Lane } from "../lanes/lane.ts";

/** One base URL. */
export interface Mirror {
  readonly lane: Lane;
  /** The base URL, without query and fragment. */
  readonly base: string;
  /** The client's headers under the mirror's. */
  readonly headers: HeaderMap;
  /** Lower-case names of headers that must not reach another origin, those of the mirror's own included. */
  readonly sensitive: ReadonlySet<string>;
  /** From a request's relative URL to this mirror's. */
  readonly path?: ((path: string) => string) | undefined;
  /** Statuses after which the next mirror is asked, besides those that say that a server is in trouble. */
  readonly moveOn?: ReadonlySet<number> | undefined;
  /** Whether it is left out at present. */
  readonly isOff?: (() => boolean) | undefined;
  /** The calls in line, to be told when a mirror is switched on or off, or another one comes; absent where that can't be. */
  readonly inLine?: Set<LooksAgain> | undefined;
}

/**
 * The URL at which a mirror has what a relative URL names.
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
 * The relative URL that leads to what an absolute one names; the opposite of {@linkcode urlAt}.
 *
 * @param mirrors The mirrors.
 * @param url The absolute URL.
 * @returns The relative URL; `undefined` if no mirror has that, or its layout is its own.
 */
export function relativeTo(mirrors: readonly Mirror[], url: string): string | undefined {
  for (const { base, path } of mirrors) {
    if (path !== undefined || !url.startsWith(base)) continue;
    const relative = url.slice(base.length).replace(/^\//, "");
    if (!isAbsoluteUrl(relative) && joinUrl(base, relative) === url) return relative;
  }
  return undefined;
}

/** The lanes of those mirrors that are not left out, the preferred one first. */
export function lanesOf(mirrors: readonly Mirror[]): readonly Lane[] {
  return mirrors.filter(isOn).map(({ lane }) => lane);
}

/** Whether a mirror is not left out. */
export function isOn({ isOff }: Mirror): boolean {
  return isOff?.() !== true;
}

/**
 * Where pages are at home: what the first one was asked for with is for there, and not for others.
 *
 * @module
 */

import { isAbsoluteUrl } from "../http/url.ts";
import { type Mirror, relativeTo, urlAt } from "../policies/mirror.ts";

/** A page that was found by its URL. */
export interface PagePlace {
  /** What to ask for: relative where mirrors complete it. */
  readonly url: string;
  /** The same, absolute. */
  readonly href: string;
  /** Whether it is, or has been reached over, an origin that the first page was not asked of. */
  readonly isForeign: boolean;
}

/** Follows pages from one to the next, and knows when they have left home. What has left does not come back, as with redirects. */
export class PageHome {
  readonly #mirrors: readonly Mirror[];
  readonly #origins: ReadonlySet<string>;
  #hasLeft = false;
  /** The URL of the first page, at the preferred mirror if there are mirrors. */
  readonly first: string;

  /**
   * Begins.
   *
   * @param first The URL of the first page.
   * @param mirrors What completes it if it is relative.
   */
  constructor(first: string, mirrors: readonly Mirror[]) {
    const isRelative = !isAbsoluteUrl(first);
    this.#mirrors = isRelative ? mirrors : [];
    this.first = isRelative && mirrors.length > 0 ? urlAt(mirrors[0]!, first) : first;
    const homes = isRelative ? mirrors.map(({ base }) => base) : [first];
    this.#origins = new Set(homes.filter((url) => URL.canParse(url)).map((url) => new URL(url).origin));
  }

  /**
   * Finds the next page.
   *
   * @param reference Its URL, which may be relative to the page's.
   * @param pageUrl The URL of the page that leads to it; empty if it is unknown.
   * @returns The place; `undefined` if the URL is none, or is no http(s) URL.
   */
  find(reference: string, pageUrl: string): PagePlace | undefined {
    const base = pageUrl === "" ? this.first : pageUrl;
    if (!URL.canParse(reference, base)) return undefined;
    const { href, origin, protocol } = new URL(reference, base);
    if (protocol !== "http:" && protocol !== "https:") return undefined;
    const relative = this.#hasLeft ? undefined : relativeTo(this.#mirrors, href);
    if (relative === undefined && !this.#origins.has(origin)) this.#hasLeft = true;
    return { url: relative ?? href, href, isForeign: this.#hasLeft };
  }

  /** What tells a page from others by its absolute URL: the same page of another mirror is the same. */
  keyOf(href: string): string {
    return relativeTo(this.#mirrors, href) ?? href;
  }
}

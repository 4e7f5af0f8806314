/**
 * The home of pages: the origins for which the caller has made the first request. Only they may get its sensitive headers.
 *
 * @module
 */

import { isAbsoluteUrl } from "../http/url.ts";
import { type Mirror, relativeTo, urlAt } from "../policies/mirror.ts";

/** The place of a page. */
export interface PagePlace {
  /** The URL to request; relative if mirrors complete it. */
  readonly url: string;
  /** The absolute URL. */
  readonly href: string;
  /** Whether the page is at an origin outside the home, or was reached over such an origin. */
  readonly isForeign: boolean;
}

/**
 * Follows pages from one to the next, and tells when they have left the home. They never count as back at home afterwards, as
 * with redirects.
 */
export class PageHome {
  readonly #mirrors: readonly Mirror[];
  readonly #origins: ReadonlySet<string>;
  #hasLeft = false;
  /** The URL of the first page, at the preferred mirror if there are mirrors. */
  readonly first: string;

  /**
   * Creates the home of a list of pages.
   *
   * @param first The URL of the first page.
   * @param mirrors The mirrors that complete a relative URL.
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
   * @param reference Its URL, which may be relative to that of the page.
   * @param pageUrl The URL of the page that leads to it; empty if it is unknown.
   * @returns The place; `undefined` if the URL is invalid, or not an http(s) URL.
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

  /** Returns the key that identifies a page, from its absolute URL. The same page at two mirrors has the same key. */
  keyOf(href: string): string {
    return relativeTo(this.#mirrors, href) ?? href;
  }
}

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
  /** The URL of the page that was requested last, at the preferred mirror if mirrors complete it. */
  #requested: string;

  /**
   * Creates the home of a list of pages.
   *
   * @param first The URL of the first page.
   * @param mirrors The mirrors that complete a relative URL.
   */
  constructor(first: string, mirrors: readonly Mirror[]) {
    const isRelative = !isAbsoluteUrl(first);
    this.#mirrors = isRelative ? mirrors : [];
    this.#requested = isRelative && mirrors.length > 0 ? urlAt(mirrors[0]!, first) : first;
    const homes = isRelative ? mirrors.map(({ base }) => base) : [first];
    this.#origins = new Set(homes.filter((url) => URL.canParse(url)).map((url) => new URL(url).origin));
  }

  /**
   * Returns the URL of the page that was requested last.
   *
   * @param responseUrl The URL of its response; empty for a response that a program constructed.
   * @returns The URL of the response, or the requested one.
   */
  urlOf(responseUrl: string): string {
    return responseUrl === "" ? this.#requested : responseUrl;
  }

  /**
   * Finds the next page, which the caller requests then.
   *
   * @param reference Its URL, which may be relative to that of the page.
   * @param pageUrl The URL of the page that leads to it; see {@linkcode PageHome.urlOf}.
   * @returns The place; `undefined` if the URL is invalid, or not an http(s) URL.
   */
  find(reference: string, pageUrl: string): PagePlace | undefined {
    if (!URL.canParse(reference, pageUrl)) return undefined;
    const { href, origin, protocol } = new URL(reference, pageUrl);
    if (protocol !== "http:" && protocol !== "https:") return undefined;
    const relative = this.#hasLeft ? undefined : relativeTo(this.#mirrors, href);
    if (relative === undefined && !this.#origins.has(origin)) this.#hasLeft = true;
    this.#requested = href;
    return { url: relative ?? href, href, isForeign: this.#hasLeft };
  }

  /** Returns the key that identifies a page, from its absolute URL. The same page at two mirrors has the same key. */
  keyOf(href: string): string {
    return relativeTo(this.#mirrors, href) ?? href;
  }
}

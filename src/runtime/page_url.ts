/**
 * The URL of the page, or of the worker, that a program runs in.
 *
 * @module
 */

interface PageGlobals {
  readonly document?: { readonly baseURI?: string } | undefined;
  readonly location?: { readonly href?: string } | undefined;
}

/** What relative URLs resolve against, as for `fetch`; `undefined` where there is no page. */
export function pageUrl(): string | undefined {
  const { document, location } = globalThis as PageGlobals;
  return document?.baseURI ?? location?.href;
}

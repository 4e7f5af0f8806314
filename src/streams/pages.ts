/**
 * Reads the pages of a list, each of which leads to the next one.
 *
 * @module
 */

import { InvalidDataError } from "../errors.ts";
import { toHeaderMap } from "../http/headers.ts";
import type { QueryInit } from "../http/query.ts";
import { isUrl, redactUrl, splitUserInfo } from "../http/url.ts";
import type { Call, CallSink } from "../policies/call.ts";
import type { ValueSource } from "../policies/event.ts";
import type { ItemSource } from "../policies/item_source.ts";
import type { Mirror } from "../policies/mirror.ts";
import type { StreamContext, StreamRequest } from "../policies/opener.ts";
import type { PageFetch } from "../policies/page_fetch.ts";
import { objectTag } from "../primitives/object_tag.ts";
import { Interruption } from "./interruption.ts";
import { parseLinkHeader } from "./link_header.ts";
import { PageHome } from "./page_home.ts";
import { SeenRequests } from "./seen_requests.ts";

/** A request with those of its options that matter here. */
interface PageSpec {
  readonly url: string | URL;
  readonly headers?: Headers | Readonly<Record<string, string | undefined>> | undefined;
  readonly query?: QueryInit | undefined;
}

/** A request for a page. */
type PageRequest = string | URL | PageSpec;

/** A loaded page. */
export interface LoadedPage<R> {
  readonly index: number;
  readonly request: R;
  readonly value: unknown;
  readonly status: number;
  readonly headers: Headers;
  readonly url: string;
  readonly from: ValueSource;
  readonly attempts: number;
  readonly durationMs: number;
}

/** Options of {@linkcode pageSource}: the first page, and how to find the next one. */
export interface PageSourceOptions<R extends PageRequest> {
  readonly first: R;
  /** A copy of the first request from the time when the caller gave it: its URL, and the options of the pages after it. */
  readonly given: R;
  readonly mirrors: readonly Mirror[];
  readonly context: StreamContext;
  readonly signals: StreamRequest["signals"];
  /** Sends a request. Throws if the request is invalid. */
  readonly fetch: (request: R, how: PageFetch) => void;
  readonly next?: ((page: LoadedPage<R>) => unknown) | undefined;
  readonly maxPages?: number | undefined;
  readonly prefetch?: number | undefined;
}

/**
 * Creates the source of a list's pages.
 *
 * @param options The first page, and how to find the next one.
 * @returns The source of the pages.
 */
export function pageSource<R extends PageRequest>(options: PageSourceOptions<R>): ItemSource<LoadedPage<R>> {
  return new PageSource(options);
}

type Step<R> = Pick<PageFetch, "isForeign" | "isWhole" | "ownHeaders"> & { readonly request: R };

class PageSource<R extends PageRequest> implements ItemSource<LoadedPage<R>> {
  readonly #options: PageSourceOptions<R>;
  /** The options of the first request, for pages of which only the URL is known. */
  readonly #template: PageSpec | undefined;
  readonly #home: PageHome;
  readonly #seen = new SeenRequests();
  readonly #controller = new AbortController();
  readonly #interruption: Interruption;
  #pages = 0;
  #last: LoadedPage<R> | undefined;
  #ahead: Promise<LoadedPage<R> | undefined> | undefined;

  constructor(options: PageSourceOptions<R>) {
    const { given, mirrors, context, signals } = options;
    this.#options = options;
    this.#template = templateOf(given);
    this.#home = new PageHome(String(isUrl(given) ? given : given.url), mirrors);
    this.#interruption = new Interruption(context, signals);
  }

  async read(): Promise<readonly LoadedPage<R>[] | undefined> {
    const loading = this.#ahead ?? this.#load();
    this.#ahead = undefined;
    const page = await loading;
    if (page === undefined) return undefined;
    if (this.#options.prefetch === 1) {
      this.#ahead = this.#load();
      // The next `read()` reports the failure. There may be none, so avoid an unhandled rejection.
      this.#ahead.catch(() => {});
    }
    return [page];
  }

  async #load(): Promise<LoadedPage<R> | undefined> {
    const { first, fetch, maxPages = Infinity } = this.#options;
    if (this.#pages >= maxPages) return undefined;
    const step = this.#last === undefined
      ? { request: first, isForeign: false, isWhole: false, ownHeaders: [] }
      : await this.#follow(this.#last);
    if (step === undefined) return undefined;
    const { request, ...how } = step;
    const index = this.#pages++;
    const page = await new Promise<LoadedPage<R>>((resolve, reject) => {
      const sink = new PageSink(request, index, { resolve, reject });
      fetch(request, { ...how, sink, signal: this.#controller.signal });
    });
    // Only the response shows the URL of the first page, with its query parameters and its mirror.
    if (index === 0) {
      const url = this.#home.keyOf(this.#home.urlOf(page.url));
      this.#seen.add({ ...this.#template, url });
    }
    return this.#last = page;
  }

  /** Returns the request for the next page; `undefined` after the last one. */
  async #follow(page: LoadedPage<R>): Promise<Step<R> | undefined> {
    const { next } = this.#options;
    const pageUrl = this.#home.urlOf(page.url);
    const found = next === undefined
      ? nextLink(page, pageUrl)
      : await this.#interruption.settle(Promise.resolve(next(page)));
    if (found === undefined || found === null) return undefined;
    // `cursor && …` gives an empty text after the last page if the cursor is empty.
    if (found === "" && next !== undefined) return undefined;
    if (!isUrl(found) && !isSpec(found)) throw nextError(found);
    const isWhole = isUrl(found);
    const spec: PageSpec = isWhole ? { ...this.#template, url: found } : found;
    const place = this.#home.find(String(spec.url), pageUrl);
    if (place === undefined) throw unusableLink(page, pageUrl, "is no http or https URL");
    const { url, href, isForeign } = place;
    if (!this.#seen.add({ ...spec, url: this.#home.keyOf(href) })) {
      throw unusableLink(page, pageUrl, `leads back to a page that was there before: ${redactUrl(href)}`);
    }
    const request = isWhole && this.#template === undefined ? url : { ...spec, url };
    const ownHeaders = isWhole ? [] : Object.keys(toHeaderMap(spec.headers, "the request"));
    return { request: request as unknown as R, isForeign, isWhole, ownHeaders };
  }

  close(): void {
    this.#interruption.stop();
    this.#controller.abort(new DOMException("The pages were left", "AbortError"));
  }
}

function unusableLink({ attempts }: LoadedPage<unknown>, pageUrl: string, what: string): InvalidDataError {
  const url = redactUrl(pageUrl);
  return new InvalidDataError(`The link of ${url} to its next page ${what}`, {
    url,
    attempts,
    reason: "link",
  });
}

/** Whether a value is a plain object with a URL. A `Request` is not: all of it except for its URL would be lost. */
function isSpec(value: unknown): value is PageSpec {
  return objectTag(value) === "Object" && isUrl((value as { readonly url?: unknown }).url);
}

function nextError(found: unknown): TypeError {
  const received = typeof found === "object" ? `a value of type ${objectTag(found)}` : typeof found;
  return new TypeError(
    `Cannot fetch the next page as 'next' must give a URL, a request { url, … } or nothing: received ${received}`,
  );
}

/** Returns the options of the first request. The user info of its URL becomes the `authorization` header. */
function templateOf(first: PageRequest): PageSpec | undefined {
  const { authorization } = splitUserInfo(String(isUrl(first) ? first : first.url)) ?? {};
  const spec = isUrl(first) ? undefined : { ...first, query: undefined };
  if (authorization === undefined) return spec;
  return { url: "", ...spec, headers: { authorization, ...toHeaderMap(spec?.headers, "the request") } };
}

/** Returns the link to the next page in the response's `Link` header. */
function nextLink({ headers }: LoadedPage<unknown>, url: string): string | undefined {
  const links = parseLinkHeader(headers.get("link") ?? "");
  return links.find(({ relations, anchor }) => relations.includes("next") && isAboutPage(anchor, url))
    ?.target;
}

/** Whether a link is about the page itself: its `anchor` may name another resource (RFC 8288 §3.2). */
function isAboutPage(anchor: string | undefined, url: string): boolean {
  if (anchor === undefined) return true;
  return URL.canParse(anchor, url) && new URL(anchor, url).href === new URL(url).href;
}

/** Turns the result of a call into a page. */
class PageSink<R> implements CallSink {
  readonly #request: R;
  readonly #index: number;
  readonly #ends: { resolve(page: LoadedPage<R>): void; reject(reason: unknown): void };

  constructor(
    request: R,
    index: number,
    ends: { resolve(page: LoadedPage<R>): void; reject(reason: unknown): void },
  ) {
    this.#request = request;
    this.#index = index;
    this.#ends = ends;
  }

  onSettled({ from, attempts, durationMs, head }: Call, ok: boolean, value: unknown): void {
    if (!ok) return this.#ends.reject(value);
    const { status, headers, url } = head!;
    const [index, request] = [this.#index, this.#request];
    // Copy the headers: another caller may have the same object.
    const own = new Headers(headers);
    this.#ends.resolve({ index, request, value, status, headers: own, url, from, attempts, durationMs });
  }
}

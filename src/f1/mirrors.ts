/**
 * The mirrors that have the season repositories, and how a source changes its own while it runs.
 *
 * @module
 */

import { checkMirror } from "../client/option_checks.ts";
import type { ClientOptions, MirrorOptions } from "../client/options.ts";
import { isUrl, parseHttpUrl, redactUrl, splitUserInfo } from "../http/url.ts";
import { shapeError } from "../primitives/argument_checks.ts";
import { MirrorList, type MirrorState } from "./mirror_list.ts";

/**
 * jsDelivr's hosts for the same GitHub repositories, preferred first: what a source asks when it is not told otherwise. A 403 may mean
 * that one of them does not have a file, or that it refuses everything; either way another one may have it.
 */
const JSDELIVR_MIRRORS: readonly MirrorOptions[] = ["cdn", "fastly", "gcore"].map((host) => ({
  url: `https://${host}.jsdelivr.net/gh/TracingInsights`,
  moveOn: [403],
}));

/**
 * The public copies of the season repositories beside jsDelivr, each with its own layout: Hugging Face's buckets
 * (`{year}/resolve/…`) and StaticDelivr (`{year}/main/…`). No source asks them by itself: add them to `f1.mirrors`, or put them
 * into `baseUrls`. There their base URLs alone will do, and bring their layouts with them.
 *
 * @example Copies behind jsDelivr
 * ```ts
 * import { FALLBACK_MIRRORS, tracingInsights } from "@slipstream/fetch/f1";
 * import { assertEquals } from "@std/assert";
 *
 * await using f1 = tracingInsights();
 * for (const mirror of FALLBACK_MIRRORS) f1.mirrors.add(mirror);
 * assertEquals(f1.mirrors.list().length, 5);
 * ```
 */
export const FALLBACK_MIRRORS: readonly MirrorOptions[] = [
  {
    url: "https://huggingface.co/buckets/tracinginsights",
    path: (path) => path.replace("@main/", "/resolve/"),
  },
  {
    url: "https://cdn.staticdelivr.com/gh/TracingInsights",
    path: (path) => path.replace("@main/", "/main/"),
  },
];

/** One mirror of a source. */
export type F1Mirror = MirrorState;

/**
 * The mirrors of a source. A change holds for each request that is sent from then on, also if it has been waiting for its turn; requests
 * in flight go on. Extensions of the source's client have the same mirrors. A mirror in trouble is left out and comes back by itself,
 * so there is nothing to mark.
 *
 * Each method throws a `TypeError` where the source was given a `client`: that client's `baseUrls` are its mirrors.
 */
export interface F1Mirrors {
  /**
   * The mirrors.
   *
   * @returns The mirrors, preferred first, also those that are disabled.
   */
  list(): readonly F1Mirror[];
  /**
   * Adds a mirror behind the others; one with the same base URL is replaced.
   *
   * @param mirror Its base URL, or that with headers, a layout and statuses to move on with.
   * @throws {TypeError} If the URL is not an absolute http(s) URL without query and fragment, or another option is not what it must be.
   */
  add(mirror: string | URL | MirrorOptions): void;
  /**
   * Removes a mirror.
   *
   * @param url Its base URL.
   * @returns Whether it was there.
   * @throws {RangeError} If no enabled mirror would be left.
   */
  remove(url: string | URL): boolean;
  /**
   * Leaves a mirror out until it is enabled.
   *
   * @param url Its base URL.
   * @returns Whether there is such a mirror.
   * @throws {RangeError} If no enabled mirror would be left.
   */
  disable(url: string | URL): boolean;
  /**
   * Lets requests go to a mirror again.
   *
   * @param url Its base URL.
   * @returns Whether there is such a mirror.
   */
  enable(url: string | URL): boolean;
  /** Goes back to the mirrors that the source was made with, all of them enabled and their circuit breakers closed. */
  reset(): void;
}

/** The mirrors of a source that has a client of its own. */
export class SourceMirrors implements F1Mirrors {
  readonly #list: MirrorList;
  readonly #beganPublic: boolean;
  #arePublic: boolean;

  /** Creates the mirrors that the option says. */
  constructor(baseUrls: ClientOptions["baseUrls"] = JSDELIVR_MIRRORS) {
    this.#list = new MirrorList(toList(baseUrls));
    this.#beganPublic = baseUrls === JSDELIVR_MIRRORS;
    this.#arePublic = this.#beganPublic;
  }

  /**
   * Whether what comes from them is the same for all: they are the default ones and {@linkcode FALLBACK_MIRRORS}, and since the last
   * {@linkcode reset} no other one was among them, whose responses may still be on their way.
   */
  get arePublic(): boolean {
    return this.#arePublic;
  }

  /** What to make the client with. */
  get baseUrls(): readonly MirrorOptions[] {
    return this.#list.baseUrls;
  }

  list(): readonly F1Mirror[] {
    return this.#list.list();
  }

  add(mirror: string | URL | MirrorOptions): void {
    checkMirror(mirror);
    this.#list.add(toOptions(mirror));
    if (!isPublic(mirror)) this.#arePublic = false;
  }

  remove(url: string | URL): boolean {
    return this.#list.remove(baseOf(url));
  }

  disable(url: string | URL): boolean {
    return this.#list.enable(baseOf(url), false);
  }

  enable(url: string | URL): boolean {
    return this.#list.enable(baseOf(url), true);
  }

  reset(): void {
    this.#list.reset();
    this.#arePublic = this.#beganPublic;
  }
}

/** The mirrors of a source that was given a client: they are the client's business. */
export const FOREIGN_MIRRORS: F1Mirrors = {
  list: refuse,
  add: refuse,
  remove: refuse,
  disable: refuse,
  enable: refuse,
  reset: refuse,
};

function refuse(): never {
  throw new TypeError(
    "Cannot change the mirrors as the source was given a client, whose 'baseUrls' are its mirrors",
  );
}

function toList(baseUrls: NonNullable<ClientOptions["baseUrls"]>): readonly MirrorOptions[] {
  // What is no list is refused by the client, in its own terms.
  const list = isUrl(baseUrls) || !Array.isArray(baseUrls) ? [baseUrls] : baseUrls;
  return list.map(toOptions);
}

/** The options of a mirror, with what its base URL is known for. */
function toOptions(mirror: string | URL | MirrorOptions): MirrorOptions {
  const options = isUrl(mirror) ? { url: mirror } : mirror;
  const known = publicMirror(options?.url);
  if (known === undefined) return options;
  const { path = known.path, moveOn = known.moveOn } = options;
  return { ...options, path, moveOn };
}

/** Whether a mirror is one of the public copies, and asked like one. */
function isPublic(mirror: string | URL | MirrorOptions): boolean {
  const { url, path, headers } = toOptions(mirror);
  const known = publicMirror(url);
  return known !== undefined && known.path === path && headers === undefined;
}

function publicMirror(url: unknown): MirrorOptions | undefined {
  const base = String(url).replace(/\/+$/, "");
  return [...JSDELIVR_MIRRORS, ...FALLBACK_MIRRORS].find(({ url }) => url === base);
}

/** The base URL as the list has it. */
function baseOf(url: string | URL): string {
  if (!isUrl(url)) throw shapeError("change the mirrors", "url", "an absolute http(s) URL", url);
  const text = String(url);
  try {
    return parseHttpUrl(splitUserInfo(text)?.url ?? text).href;
  } catch (cause) {
    // Said in terms of the argument.
    const rule = "Cannot change the mirrors as 'url' must be an absolute http(s) URL";
    throw new TypeError(`${rule}: received '${redactUrl(text)}'`, { cause });
  }
}

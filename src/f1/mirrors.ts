/**
 * The mirrors that have copies of the season repositories, and the mirror list of a source, which can change while the source
 * runs.
 *
 * @module
 */

import { checkMirror } from "../client/option_checks.ts";
import type { ClientOptions, MirrorOptions } from "../client/options.ts";
import { isUrl, parseHttpUrl, redactUrl, splitUserInfo } from "../http/url.ts";
import { shapeError } from "../primitives/argument_checks.ts";
import { type F1Mirror, MirrorList } from "./mirror_list.ts";

/**
 * jsDelivr's hosts for the same GitHub repositories, preferred first: the default mirrors of a source. A 403 moves on to the next
 * host: either the first one lacks the file, or it refuses everything, and another host may have the file in both cases.
 */
const JSDELIVR_MIRRORS: readonly MirrorOptions[] = ["cdn", "fastly", "gcore"].map((host) => ({
  url: `https://${host}.jsdelivr.net/gh/TracingInsights`,
  moveOn: [403],
}));

/**
 * The public copies of the season repositories beside jsDelivr, each with its own layout: Hugging Face's buckets
 * (`{year}/resolve/…`) and StaticDelivr (`{year}/main/…`). No source uses them by default: add them to `f1.mirrors`, or put them
 * into `baseUrls`. In `baseUrls` their base URLs alone will do, because the source knows their layouts.
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

/**
 * The mirrors of a source. A change applies to each request that is sent afterwards, also to requests in line; requests in flight
 * go on. Extensions of the source's client share the mirrors. The circuit breakers leave out a mirror that fails, and let it come
 * back by themselves, so a caller has nothing to mark.
 *
 * Each method throws a `TypeError` if the source was created with a `client`: that client's `baseUrls` are its mirrors.
 */
export interface F1Mirrors {
  /**
   * Lists the mirrors.
   *
   * @returns The mirrors, preferred first, disabled ones included.
   */
  list(): readonly F1Mirror[];
  /**
   * Adds a mirror behind the others. It replaces a mirror with the same base URL.
   *
   * @param mirror Its base URL; or an object with the base URL, and with headers, a layout, and statuses on which to try the next
   * mirror.
   * @throws {TypeError} If the URL is not an absolute http(s) URL without query and fragment, or another option has the wrong
   * shape.
   */
  add(mirror: string | URL | MirrorOptions): void;
  /**
   * Removes a mirror.
   *
   * @param url Its base URL.
   * @returns Whether the mirror was in the list.
   * @throws {RangeError} If no enabled mirror would be left.
   */
  remove(url: string | URL): boolean;
  /**
   * Sends no requests to a mirror until it is enabled.
   *
   * @param url Its base URL.
   * @returns Whether the mirror is in the list.
   * @throws {RangeError} If no enabled mirror would be left.
   */
  disable(url: string | URL): boolean;
  /**
   * Sends requests to a mirror again.
   *
   * @param url Its base URL.
   * @returns Whether the mirror is in the list.
   */
  enable(url: string | URL): boolean;
  /** Restores the mirrors that the source was created with, enables all of them, and closes their circuit breakers. */
  reset(): void;
}

/** The mirrors of a source that created its client itself. */
export class SourceMirrors implements F1Mirrors {
  readonly #list: MirrorList;
  readonly #beganPublic: boolean;
  /** Whether a mirror that is no public copy was added since the last reset. */
  #hadOthers = false;

  /** Creates the mirror list from the option `baseUrls`. */
  constructor(baseUrls: ClientOptions["baseUrls"] = JSDELIVR_MIRRORS) {
    this.#list = new MirrorList(toList(baseUrls));
    this.#beganPublic = baseUrls === JSDELIVR_MIRRORS;
  }

  /**
   * Whether every program gets the same files from these mirrors, so that the shared cache on disk may be used. That holds for
   * the default mirrors, with or without {@linkcode FALLBACK_MIRRORS}. Once another mirror was added, it is `false` until the
   * next {@linkcode reset}, even if that mirror was removed, because its responses may still be on their way.
   */
  get arePublic(): boolean {
    return this.#beganPublic && !this.#hadOthers;
  }

  /** The option `baseUrls` for the source's client. */
  get baseUrls(): readonly MirrorOptions[] {
    return this.#list.baseUrls;
  }

  list(): readonly F1Mirror[] {
    return this.#list.list();
  }

  add(mirror: string | URL | MirrorOptions): void {
    checkMirror(mirror);
    this.#list.add(toOptions(mirror));
    if (!isPublic(mirror)) this.#hadOthers = true;
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
    this.#hadOthers = false;
  }
}

/** The mirrors of a source that was created with a `client`: every method throws. */
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
  // The client refuses a value that is no list, with its own error message.
  const list = isUrl(baseUrls) || !Array.isArray(baseUrls) ? [baseUrls] : baseUrls;
  return list.map(toOptions);
}

/** Returns the options of a mirror. A public copy gets its known layout and statuses where the caller gives none. */
function toOptions(mirror: string | URL | MirrorOptions): MirrorOptions {
  const options = isUrl(mirror) ? { url: mirror } : mirror;
  const known = publicMirror(options?.url);
  if (known === undefined) return options;
  const { path = known.path, moveOn = known.moveOn } = options;
  return { ...options, path, moveOn };
}

/** Whether a mirror is one of the public copies, with the usual layout and without headers of its own. */
function isPublic(mirror: string | URL | MirrorOptions): boolean {
  const { url, path, headers } = toOptions(mirror);
  const known = publicMirror(url);
  return known !== undefined && known.path === path && headers === undefined;
}

function publicMirror(url: unknown): MirrorOptions | undefined {
  const base = String(url).replace(/\/+$/, "");
  return [...JSDELIVR_MIRRORS, ...FALLBACK_MIRRORS].find(({ url }) => url === base);
}

/** Normalizes a base URL, as the list stores it. */
function baseOf(url: string | URL): string {
  if (!isUrl(url)) throw shapeError("change the mirrors", "url", "an absolute http(s) URL", url);
  const text = String(url);
  try {
    return parseHttpUrl(splitUserInfo(text)?.url ?? text).href;
  } catch (cause) {
    // Name the caller's argument, and hide its credentials.
    const rule = "Cannot change the mirrors as 'url' must be an absolute http(s) URL";
    throw new TypeError(`${rule}: received '${redactUrl(text)}'`, { cause });
  }
}

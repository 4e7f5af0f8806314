/**
 * Sends and stores cookies by means of a cookie jar that the user provides.
 *
 * @module
 */

import type { Middleware } from "../policies/middleware.ts";
import { secretShapeError } from "../primitives/argument_checks.ts";

/**
 * A store of cookies, such as `CookieJar` of the package `tough-cookie`. It decides which cookies a URL gets, and which cookies a
 * URL may set.
 */
export interface CookieJarLike {
  /**
   * Returns the cookies for a URL, as the `cookie` header writes them.
   *
   * @param url The absolute URL.
   * @returns `a=1; b=2`, or an empty string for none.
   */
  getCookieString(url: string): string | null | undefined | PromiseLike<string | null | undefined>;
  /**
   * Stores a cookie.
   *
   * @param cookie The value of one `set-cookie` header.
   * @param url The URL whose response had the header.
   * @param options Asks the jar to ignore a cookie that the URL may not set instead of throwing, as browsers do.
   * @returns Any value; the middleware waits for a promise.
   */
  setCookie(cookie: string, url: string, options: { readonly ignoreError: true }): unknown;
}

/**
 * Sends the cookies of a jar, and stores the cookies of each response on the wire: also of the redirects of a login, and of each
 * retry. Each hop gets the cookies for its own URL, so that no cookie reaches another origin unless the jar has it for that
 * origin. Cookies of the request's own `cookie` header are sent as well, and win over cookies of the same name in the jar.
 *
 * It wraps hops, and so runs inside all middleware that wraps attempts, wherever it stands in `use`. The cache is in front of it,
 * and does not know whose responses it stores, so users who share a cache need its `partition`. Browsers hide their cookies from
 * programs, so this middleware has no effect there.
 *
 * @param jar The jar.
 * @returns An entry for the `use` of a client.
 * @throws {TypeError} If `jar` is no cookie jar. If a method of the jar throws, the request rejects with that error, without a
 * retry.
 *
 * @example A jar of a few lines
 * ```ts
 * import { createClient } from "@slipstream/fetch";
 * import { cookies } from "@slipstream/fetch/middleware";
 * import { assertEquals } from "@std/assert";
 *
 * const kept = new Map<string, string>(); // by origin; new CookieJar() of tough-cookie does it properly
 * const jar = {
 *   getCookieString: (url: string) => kept.get(new URL(url).origin) ?? "",
 *   setCookie: (cookie: string, url: string) => kept.set(new URL(url).origin, cookie.split(";")[0]!),
 * };
 * await using client = createClient({
 *   use: [cookies(jar)],
 *   fetch: (_url, init) =>
 *     Promise.resolve(Response.json(new Headers(init?.headers).get("cookie"), { headers: { "set-cookie": "id=1; Path=/" } })),
 * });
 * assertEquals(await client.json("https://api.example.com/a"), null);
 * assertEquals(await client.json("https://api.example.com/b"), "id=1");
 * ```
 */
export function cookies(jar: CookieJarLike): Middleware {
  if (typeof jar?.getCookieString !== "function" || typeof jar.setCookie !== "function") {
    throw secretShapeError(
      "create cookies",
      "jar",
      "a cookie jar with getCookieString() and setCookie()",
      jar,
    );
  }
  const withCookies: Middleware = async (request, next) => {
    const { url, headers } = request;
    const merged = mergeCookies(headers.get("cookie"), cookiesOf(await jar.getCookieString(url)));
    if (merged !== "") headers.set("cookie", merged);
    const response = await next(request);
    for (const cookie of response.headers.getSetCookie()) {
      await jar.setCookie(cookie, url, { ignoreError: true });
    }
    return response;
  };
  return Object.assign(withCookies, { around: "hop" as const });
}

/** A valid header value (RFC 9110 §5.5). A line break in it would start another header. */
const SENDABLE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Checks the cookies that a jar returns. The error does not show them, because they are secret. */
function cookiesOf(given: unknown): string {
  if (given === undefined || given === null) return "";
  if (typeof given === "string" && SENDABLE.test(given)) return given.trim();
  const received = typeof given === "string" ? "one with other characters" : typeof given;
  throw new TypeError(
    `Cannot send cookies as 'jar.getCookieString()' must give a string that a header can have, or nothing: received ${received}`,
  );
}

/**
 * Joins the request's own cookies and those of the jar; a cookie of the request replaces the jar's cookie of the same name.
 * Removes empty parts between semicolons, because some servers stop reading there (RFC 6265 §4.2.1).
 */
function mergeCookies(own: string | null, kept: string): string {
  const given = pairs(own ?? "");
  const names = new Set(given.map(nameOf));
  return [...given, ...pairs(kept).filter((pair) => !names.has(nameOf(pair)))].join("; ");
}

function pairs(cookies: string): string[] {
  return cookies.split(";").map((pair) => pair.trim()).filter((pair) => pair !== "");
}

function nameOf(pair: string): string {
  return pair.split("=", 1)[0]!;
}

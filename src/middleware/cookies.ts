/**
 * Cookies, kept in a jar that the user brings.
 *
 * @module
 */

import type { Middleware } from "../policies/middleware.ts";
import { secretShapeError } from "../primitives/argument_checks.ts";

/** What keeps cookies, as `CookieJar` of the package `tough-cookie` does. It decides which cookies a URL gets, and which it may set. */
export interface CookieJarLike {
  /**
   * The cookies for a URL, as the header has them.
   *
   * @param url The absolute URL.
   * @returns `a=1; b=2`, or an empty string for none.
   */
  getCookieString(url: string): string | null | undefined | PromiseLike<string | null | undefined>;
  /**
   * Keeps a cookie.
   *
   * @param cookie One `set-cookie` header.
   * @param url The URL whose response had it.
   * @param options Asks the jar to pass over a cookie that the URL may not set, and not to throw for it, as browsers do.
   * @returns Anything; a promise is waited for.
   */
  setCookie(cookie: string, url: string, options: { readonly ignoreError: true }): unknown;
}

/**
 * Sends the cookies of a jar, and keeps those of responses: of each response on the wire, also of the redirects that a login consists
 * of, and of each retry. Each hop gets the cookies for its own URL, so that none reaches another origin unless the jar has it for that.
 * Cookies of the request's own `cookie` header are sent as well, and win over those of the same name in the jar.
 *
 * It is around hops, and so nearer to the network than all middleware that is around attempts, wherever it stands in `use`. The
 * cache is in front of it: it does not know whose responses it keeps, so that users who share a cache need its `partition`. Browsers keep
 * their cookies to themselves: there this changes nothing.
 *
 * @param jar The jar.
 * @returns An entry for the `use` of a client.
 * @throws {TypeError} If `jar` is none. What the jar throws is the error of the request: nothing is retried.
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

/** What a header can have (RFC 9110 §5.5): a line end in it would begin another one. */
const SENDABLE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** What a jar gives; the error does not show it. */
function cookiesOf(given: unknown): string {
  if (given === undefined || given === null) return "";
  if (typeof given === "string" && SENDABLE.test(given)) return given.trim();
  const received = typeof given === "string" ? "one with other characters" : typeof given;
  throw new TypeError(
    `Cannot send cookies as 'jar.getCookieString()' must give a string that a header can have, or nothing: received ${received}`,
  );
}

/**
 * Puts the request's own cookies before those of the jar, without those that it replaces. Nothing is left between two semicolons, where
 * some servers stop to read (RFC 6265 §4.2.1).
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

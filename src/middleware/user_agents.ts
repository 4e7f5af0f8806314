/**
 * Sends user agents in turn.
 *
 * @module
 */

import type { Middleware } from "../policies/middleware.ts";
import { shapeError } from "../primitives/argument_checks.ts";

/** Returns the user agent of an attempt; `undefined` leaves it to the runtime. */
export type UserAgentSource = (request: Request) => string | undefined | PromiseLike<string | undefined>;

const ACTION = "create user agents";
/** A valid header value. RFC 9110 §10.1.5 asks for products and comments, which is not checked. */
const USER_AGENT = /^[\x20-\x7e]*[\x21-\x7e][\x20-\x7e]*$/;

/**
 * Sends a `user-agent` with each attempt that has none of its own: the next one of a list, in turn, or the result of a function.
 * A retry is an attempt of its own, and gets the next one. Redirects keep the user agent of their attempt. Browsers that do not
 * let pages set this header ignore it.
 *
 * @param source The list, or the function.
 * @returns An entry for the `use` of a client. Clients with the same entry share its turns.
 * @throws {TypeError} If the list is empty, or an entry is no valid header value. If the function throws, or returns an invalid
 * value, the request rejects with that error, without a retry.
 *
 * @example Two of them, in turn
 * ```ts
 * import { createClient } from "@slipstream/fetch";
 * import { userAgents } from "@slipstream/fetch/middleware";
 * import { assertEquals } from "@std/assert";
 *
 * await using client = createClient({
 *   use: [userAgents(["a/1.0", "b/1.0"])],
 *   fetch: (_url, init) => Promise.resolve(Response.json(new Headers(init?.headers).get("user-agent"))),
 * });
 * const urls = [1, 2, 3].map((id) => `https://api.example.com/${id}`);
 * assertEquals(await client.all(urls), ["a/1.0", "b/1.0", "a/1.0"]);
 * ```
 */
export function userAgents(source: readonly string[] | UserAgentSource): Middleware {
  const next = typeof source === "function" ? source : inTurn(source);
  return async function withUserAgent(request, handOn): Promise<Response> {
    if (request.headers.has("user-agent")) return await handOn(request);
    const userAgent = await next(request);
    if (userAgent !== undefined) {
      assertUserAgent(userAgent, "source()");
      request.headers.set("user-agent", userAgent);
    }
    return await handOn(request);
  };
}

function inTurn(list: readonly string[]): () => string {
  if (!Array.isArray(list) || list.length === 0) {
    throw shapeError(ACTION, "source", "a function or an array of at least one user agent", list);
  }
  list.forEach((each, index) => assertUserAgent(each, `source[${index}]`));
  const own: readonly string[] = [...list];
  let turn = 0;
  return () => own[turn++ % own.length]!;
}

function assertUserAgent(value: unknown, name: string): void {
  if (typeof value === "string" && USER_AGENT.test(value)) return;
  throw shapeError(ACTION, name, "a string of visible ASCII characters and spaces", value);
}

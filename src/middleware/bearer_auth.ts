/**
 * Bearer tokens (RFC 6750), renewed when they are refused.
 *
 * @module
 */

import { cancelBody } from "../http/body.ts";
import { assertKnownOptions } from "../http/option_hints.ts";
import { responseLike } from "../http/tracked_response.ts";
import type { Middleware, MiddlewareContext, Next } from "../policies/middleware.ts";
import {
  argumentError,
  assertFunction,
  assertNonNegative,
  assertOptions,
  assertPositive,
  shapeError,
} from "../primitives/argument_checks.ts";
import { originsOf } from "./origins.ts";
import { assertToken, type RefreshInput, TokenSource } from "./token_source.ts";

/** Options of {@linkcode bearerAuth}. */
export interface BearerAuthOptions {
  /**
   * The token; or a function that gives the one of the moment, which is asked before each attempt, and again when a token was refused.
   * `undefined` is for none: the request is sent without.
   */
  readonly token: string | (() => string | undefined | PromiseLike<string | undefined>);
  /**
   * Gives a new token when one was refused. Without it, and when it rejects, responses stay as they are. Where `token` is a function,
   * it may go on giving the old one: that is known to be replaced.
   */
  readonly refresh?: ((input: RefreshInput) => string | PromiseLike<string>) | undefined;
  /**
   * The origins that the token is for, as URLs; of each only the origin counts.
   *
   * @default {every origin that the client asks}
   */
  readonly origins?: readonly (string | URL)[] | undefined;
  /**
   * Which responses refuse a token: statuses, or a function, which must leave the body alone.
   *
   * @default {[401]}
   */
  readonly refreshOn?: readonly number[] | ((response: Response) => boolean) | undefined;
  /**
   * How long a refresh may take, in milliseconds; `Infinity` for any time. After that its signal aborts, and it has failed.
   *
   * @default {10_000}
   */
  readonly refreshTimeoutMs?: number | undefined;
  /**
   * How long after the end of a refresh no other one begins, in milliseconds: until then, a request that is refused gets that
   * response.
   *
   * @default {1_000}
   */
  readonly refreshIntervalMs?: number | undefined;
  /** Told why a refresh has failed: the callers see their own 401 only. What it throws is ignored. */
  readonly onRefreshFailure?: ((error: unknown) => void) | undefined;
}

const ACTION = "create bearer auth";
const NAMES: readonly (keyof BearerAuthOptions)[] = [
  "token",
  "refresh",
  "origins",
  "refreshOn",
  "refreshTimeoutMs",
  "refreshIntervalMs",
  "onRefreshFailure",
];

/**
 * Sends `authorization: Bearer …` with each attempt that has no `authorization` yet, and renews the token when it is refused.
 *
 * A refresh runs once for all requests that were refused with the same token. Requests that begin meanwhile wait for it; each that
 * was refused is then sent once more, if its body can be, and whatever that brings is the response. A request that was refused with
 * an older token than the present one goes again at once. All of this is one attempt: it counts as one, within its `timeoutMs` and
 * with its permit. An abort takes its own caller out; the refresh goes on for the others, and its token is kept. When a refresh
 * fails, each request that waits gets its own 401.
 *
 * `refresh` asks with the `fetch` that it is given. With the same client it would wait for permits that are held by requests that
 * wait for the refresh, or for itself, until `refreshTimeoutMs` or `timeoutMs` ends that.
 *
 * Where the token goes: to every origin that the caller asks, mirrors included, unless `origins` says which. A redirect to another
 * origin never carries it, and a refusal from there is no reason to refresh; nor does a page of `client.pages` at another origin,
 * unless `origins` has that. The cache is in front of this: it does not know whose responses it keeps, so
 * that users who share a cache need its `partition`.
 *
 * @param options Options.
 * @returns An entry for the `use` of a client. Its token is shared by all clients that have it.
 * @throws {TypeError | RangeError} If an option has the wrong shape or is out of range. A token that can't be sent is the caller's
 * error, on each request.
 *
 * @example A token that has run out
 * ```ts
 * import { createClient } from "@slipstream/fetch";
 * import { bearerAuth } from "@slipstream/fetch/middleware";
 * import { assertEquals } from "@std/assert";
 *
 * await using client = createClient({
 *   use: [bearerAuth({ token: "old", origins: ["https://api.example.com"], refresh: () => "new" })],
 *   fetch: (_url, init) => {
 *     const sent = new Headers(init?.headers).get("authorization");
 *     return Promise.resolve(Response.json(sent, { status: sent === "Bearer new" ? 200 : 401 }));
 *   },
 * });
 * assertEquals(await client.json("https://api.example.com/a"), "Bearer new");
 * ```
 */
export function bearerAuth(options: BearerAuthOptions): Middleware {
  assertOptions(ACTION, options);
  assertKnownOptions(ACTION, options, NAMES);
  const { token, refresh, origins, refreshTimeoutMs = 10_000, refreshIntervalMs = 1_000, onRefreshFailure } =
    options;
  if (typeof token === "string") assertToken(token, "token");
  else if (typeof token !== "function") throw shapeError(ACTION, "token", "a string or a function", token);
  if (refresh !== undefined) assertFunction(ACTION, "refresh", refresh);
  const isAllowed = originsOf(ACTION, origins);
  const isRefusal = refusalOf(options.refreshOn);
  if (refreshTimeoutMs !== Infinity) assertPositive(ACTION, "refreshTimeoutMs", refreshTimeoutMs);
  assertNonNegative(ACTION, "refreshIntervalMs", refreshIntervalMs);
  if (onRefreshFailure !== undefined) assertFunction(ACTION, "onRefreshFailure", onRefreshFailure);
  const source = new TokenSource({
    ask: typeof token === "string" ? () => token : token,
    refresh: refresh ??
      (() => Promise.reject(new Error("Cannot refresh the token as there is no 'refresh'"))),
    refreshTimeoutMs,
    refreshIntervalMs,
    onRefreshFailure: (error) => tell(onRefreshFailure, error),
  });

  return async function authorized(
    request: Request,
    next: Next,
    context: MiddlewareContext,
  ): Promise<Response> {
    const isMeant = isAllowed(request.url) && (origins !== undefined || !context.isForeign);
    if (request.headers.has("authorization") || !isMeant) return await next(request);
    const { signal } = request;
    const { clock, fetch } = context;
    const sent = await source.present({ clock, signal });
    authorize(request, sent);
    const response = await next(request);
    if (refresh === undefined || isFromElsewhere(response, request) || !isRefusal(response)) return response;
    const input = { response: withoutBody(response), url: request.url, fetch };
    const renewed = await source.renewed(sent, input, { clock, signal });
    if (renewed === undefined || !context.canResend(request)) return response;
    // One permit is for one body.
    cancelBody(response);
    authorize(request, renewed);
    return await next(request);
  };
}

function authorize(request: Request, token: string | undefined): void {
  if (token !== undefined) request.headers.set("authorization", `Bearer ${token}`);
}

function refusalOf(refreshOn: BearerAuthOptions["refreshOn"] = [401]): (response: Response) => boolean {
  if (typeof refreshOn === "function") {
    return (response) => {
      const isRefusal: unknown = refreshOn(response);
      if (typeof isRefusal === "boolean") return isRefusal;
      // A promise would be true whatever comes of it, and end the process if it rejects.
      if (isRefusal instanceof Promise) isRefusal.catch(() => {});
      throw shapeError(ACTION, "refreshOn()", "true or false", isRefusal);
    };
  }
  if (!Array.isArray(refreshOn)) {
    throw argumentError(ACTION, "refreshOn", "an array of statuses or a function", refreshOn);
  }
  for (const status of refreshOn) {
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw argumentError(ACTION, "refreshOn", "an array of statuses from 400 to 599", status);
    }
  }
  const statuses: ReadonlySet<number> = new Set(refreshOn);
  return ({ status }) => statuses.has(status);
}

/** Whether a redirect has led to another origin, which was not sent the token (S16). */
function isFromElsewhere({ redirected, url }: Response, request: Request): boolean {
  return redirected && URL.canParse(url) && new URL(url).origin !== new URL(request.url).origin;
}

/** What may be said of a response whose body belongs to the caller. */
function withoutBody(response: Response): Response {
  return responseLike(response, null);
}

function tell(listener: ((error: unknown) => void) | undefined, error: unknown): void {
  try {
    const told: unknown = listener?.(error);
    if (told instanceof Promise) told.catch(() => {});
  } catch {
    // A listener has no part in what becomes of the requests.
  }
}

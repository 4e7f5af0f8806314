/**
 * Sends bearer tokens (RFC 6750), and refreshes them when a server refuses them.
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
   * The token; or a function that returns the current token. The function is called before each attempt; with `refresh`, also
   * after a response has refused a token. With `undefined` the request is sent without a token.
   */
  readonly token: string | (() => string | undefined | PromiseLike<string | undefined>);
  /**
   * Returns a new token after a response has refused the old one. Without `refresh`, and when it rejects, the caller gets the
   * refusing response. If `token` is a function, it may keep returning the old token: the new one replaces it.
   */
  readonly refresh?: ((input: RefreshInput) => string | PromiseLike<string>) | undefined;
  /**
   * The origins that may receive the token, as URLs; only the origin of each URL counts.
   *
   * @default {every origin that the client asks}
   */
  readonly origins?: readonly (string | URL)[] | undefined;
  /**
   * The responses that refuse a token: statuses, or a function, which must not read the body.
   *
   * @default {[401]}
   */
  readonly refreshOn?: readonly number[] | ((response: Response) => boolean) | undefined;
  /**
   * The timeout of a refresh, in milliseconds; `Infinity` for none. Then its signal aborts, and the refresh has failed.
   *
   * @default {10_000}
   */
  readonly refreshTimeoutMs?: number | undefined;
  /**
   * The minimum time from the end of a refresh to the start of the next one, in milliseconds. Until then, the caller of a refused
   * request gets the refusing response.
   *
   * @default {1_000}
   */
  readonly refreshIntervalMs?: number | undefined;
  /** Called with the error of a failed refresh, because callers see only their own 401. An error that it throws is ignored. */
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
 * Sends `authorization: Bearer …` with each attempt that has no `authorization` yet, and refreshes the token when a response
 * refuses it.
 *
 * One refresh serves all requests that were refused with the same token, and requests that begin meanwhile wait for it.
 * Afterwards each refused request is sent once more if its body can be sent again, and the caller gets that response, whatever it
 * is. A request that was refused with an older token than the current one is sent again at once, without a refresh. All of this
 * is one attempt, within its `timeoutMs` and with its permit. When a caller aborts, only its own request stops; the refresh goes
 * on for the others, and its token is kept. When a refresh fails, the caller of each waiting request gets its own 401.
 *
 * `refresh` must send its request with the `fetch` that it is given. A request through the same client would wait for permits
 * that the waiting requests hold, or for the refresh itself, until `refreshTimeoutMs` or `timeoutMs` ends the wait.
 *
 * The token goes to every origin that the caller requests, mirrors included, unless `origins` restricts it. A redirect to another
 * origin never carries the token, and a refusal from there starts no refresh. A page of `client.pages` at another origin does not
 * carry it either, unless `origins` lists that origin. The cache is in front of this middleware, and does not know whose
 * responses it stores, so users who share a cache need its `partition`.
 *
 * @param options Options.
 * @returns An entry for the `use` of a client. All clients with this entry share its token.
 * @throws {TypeError | RangeError} If an option has the wrong shape or is out of range. A token with invalid characters from a
 * function makes each request reject with a `TypeError`, without a retry.
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
    // Cancel the first body, because the attempt's permit is for one body.
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
      // A promise is truthy, whatever its result, and would be an unhandled rejection if it rejects.
      if (isRefusal instanceof Promise) isRefusal.catch(() => {});
      throw shapeError(ACTION, "refreshOn()", "true or false", isRefusal);
    };
  }
  if (!Array.isArray(refreshOn)) {
    throw shapeError(ACTION, "refreshOn", "an array of statuses or a function", refreshOn);
  }
  for (const status of refreshOn) {
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw argumentError(ACTION, "refreshOn", "an array of statuses from 400 to 599", status);
    }
  }
  const statuses: ReadonlySet<number> = new Set(refreshOn);
  return ({ status }) => statuses.has(status);
}

/** Whether a redirect led to another origin, which did not receive the token. */
function isFromElsewhere({ redirected, url }: Response, request: Request): boolean {
  return redirected && URL.canParse(url) && new URL(url).origin !== new URL(request.url).origin;
}

/** Returns status and headers of a response without its body, which belongs to the caller. */
function withoutBody(response: Response): Response {
  return responseLike(response, null);
}

function tell(listener: ((error: unknown) => void) | undefined, error: unknown): void {
  try {
    const told: unknown = listener?.(error);
    if (told instanceof Promise) told.catch(() => {});
  } catch {
    // A listener that fails must not affect the request.
  }
}

/**
 * Ready-made middleware for the option `use` of a client: functions that wrap each of its attempts.
 *
 * The first entry of `use` is outermost. A `logger` before `bearerAuth` reports an attempt once, however often `bearerAuth` sends
 * its request; a `logger` after it reports each sending. `cookies` and `faults` wrap each request on the wire, redirects
 * included. They run inside all other entries, wherever they stand in `use`. A retry and a request to another mirror are new
 * attempts, and go through all entries again. A response from the cache goes through none.
 *
 * @example A token that is renewed, and a log without secrets
 * ```ts
 * import { createClient } from "@slipstream/fetch";
 * import { bearerAuth, logger } from "@slipstream/fetch/middleware";
 * import { assertEquals } from "@std/assert";
 *
 * const lines: string[] = [];
 * await using client = createClient({
 *   use: [
 *     logger(({ method, url, status }) => lines.push(`${method} ${url} ${status}`)),
 *     bearerAuth({ token: "old", refresh: () => "new", origins: ["https://api.example.com"] }),
 *   ],
 *   fetch: (_url, init) =>
 *     Promise.resolve(new Response("1", { status: new Headers(init?.headers).get("authorization") === "Bearer new" ? 200 : 401 })),
 * });
 * assertEquals(await client.json("https://api.example.com/a"), 1);
 * assertEquals(lines, ["GET https://api.example.com/a 200"]);
 * ```
 *
 * @module
 */

export {
  asNetworkFailure,
  type Middleware,
  type MiddlewareContext,
  type Next,
} from "../policies/middleware.ts";
export type { Clock, TimerHandle } from "../primitives/clock.ts";
export { bearerAuth, type BearerAuthOptions } from "./bearer_auth.ts";
export { type CookieJarLike, cookies } from "./cookies.ts";
export { faults, type FaultsOptions } from "./faults.ts";
export type { CdnRequest } from "./faults/cdn_request.ts";
export type {
  CutFault,
  DripFault,
  Fault,
  FaultKind,
  FaultMatch,
  FaultRule,
  RefuseFault,
  ResetFault,
  RetryAfterFault,
  SlowFault,
  StallFault,
  StatusFault,
  WrongContentFault,
} from "./faults/fault.ts";
export type { Latency } from "./faults/latency.ts";
export { logger, type LoggerOptions, type LogLevel, type LogRecord, type LogSink } from "./logger.ts";
export type { RefreshInput } from "./token_source.ts";
export { userAgents, type UserAgentSource } from "./user_agents.ts";

/**
 * Fetches many resources in parallel, under control: bounded concurrency, rate limits, timeouts, retries, circuit breakers,
 * mirrors and caches around the standard `fetch`, with every result accounted for.
 *
 * @example Many files, each with its outcome
 * ```ts
 * import { createClient } from "@slipstream/fetch";
 * import { assertEquals } from "@std/assert";
 *
 * await using client = createClient({
 *   concurrency: 20,
 *   rateLimit: { limit: 100, intervalMs: 1_000 },
 *   fetch: () => Promise.resolve(Response.json({ ok: true })), // leave it out to use the network
 * });
 *
 * const urls = Array.from({ length: 50 }, (_, index) => `https://example.com/${index}.json`);
 * let loaded = 0;
 * for await (const outcome of client.stream(urls)) {
 *   if (outcome.ok) loaded++;
 *   else console.error(outcome.request, outcome.error.message);
 * }
 * assertEquals(loaded, 50);
 * ```
 *
 * @module
 */

export type { Client } from "./src/client/client.ts";
export { createClient } from "./src/client/create_client.ts";
export type { DownloadOptions } from "./src/client/download_options.ts";
export { clientOptionsFromEnv, type EnvironmentVariables } from "./src/client/environment_options.ts";
export {
  fetchJson,
  fetchMany,
  fetchStream,
  type OneCallBatchOptions,
  type OneCallOptions,
} from "./src/client/one_call.ts";
export type {
  BreakerOptions,
  ClientOptions,
  ExtendOptions,
  LimitedRequest,
  MirrorOptions,
  PerOriginOptions,
  RateLimitOptions,
} from "./src/client/options.ts";
export type { Failure, Outcome, OutcomesOf, Success } from "./src/client/outcome.ts";
export type {
  BatchOptions,
  BodyOf,
  CallOptions,
  FetchOptions,
  FetchRequest,
  HeaderRecord,
  OnlyOptions,
  OnlyRequest,
  OnlyRequests,
  RequestBody,
  RequestOf,
  RequestOptions,
  RequestSource,
  RequestSpec,
  ValueOf,
  ValuesOf,
  WithSchema,
} from "./src/client/request.ts";
export type { ClientStats, OriginStats } from "./src/client/stats.ts";
export type {
  EventsOptions,
  LinesOptions,
  Page,
  PagesOptions,
  ReconnectOptions,
} from "./src/client/stream_options.ts";

export {
  CircuitOpenError,
  type CircuitOpenErrorOptions,
  type DataIssue,
  DataNotFoundError,
  type DataNotFoundErrorOptions,
  type ErrorJson,
  HttpError,
  type HttpErrorOptions,
  InvalidDataError,
  type InvalidDataErrorOptions,
  type InvalidDataReason,
  isCircuitOpenError,
  isDataNotFoundError,
  isHttpError,
  isInvalidDataError,
  isNetworkError,
  isOfflineError,
  isOverloadError,
  isSlipstreamError,
  isTimeoutError,
  isWriteError,
  NetworkError,
  OfflineError,
  OverloadError,
  type OverloadErrorOptions,
  SlipstreamError,
  type SlipstreamErrorOptions,
  TimeoutError,
  type TimeoutErrorOptions,
  WriteError,
  type WriteErrorOptions,
} from "./src/errors.ts";

export type { ServerSentEvent } from "./src/http/server_sent_event.ts";
export type {
  AttemptEvent,
  BodyEvent,
  BreakerEvent,
  CacheHitEvent,
  ClientEvent,
  HeadersEvent,
  HedgeEvent,
  MirrorEvent,
  PermitEvent,
  QueuedEvent,
  RateLimitedEvent,
  RequestEvent,
  RetryEvent,
  SettledEvent,
  TokenEvent,
  ValueSource,
  WarningEvent,
} from "./src/policies/event.ts";

export type { LearnLimits } from "./src/client/limit_learning.ts";
export type { LimitHeaders } from "./src/http/limit_headers.ts";
export type { LimitReading } from "./src/http/limit_reading.ts";
export type {
  DownloadDigest,
  DownloadResult,
  DownloadTarget,
  HashAlgorithm,
} from "./src/policies/download_terms.ts";
export type {
  HedgeAfterOptions,
  HedgeOptions,
  HedgePercentileOptions,
} from "./src/policies/hedge_options.ts";
export type { QueryInit, QueryValue } from "./src/http/query.ts";
export type { ClientTransport, ConnectionStats } from "./src/http/client_transport.ts";
export type { CachePlan } from "./src/policies/cache_plan.ts";
export type { Middleware, MiddlewareContext, Next } from "./src/policies/middleware.ts";
export type { AttemptFailure, RetryOn } from "./src/policies/retry_on.ts";
export type { CacheMode, PartialSettings, Progress, Settings } from "./src/policies/settings.ts";
export type { BackoffOptions } from "./src/primitives/backoff.ts";
export type { Bucket } from "./src/primitives/bucket.ts";
export type { CircuitState } from "./src/primitives/circuit_breaker.ts";
export type {
  CircuitBreakerCommonOptions,
  CircuitBreakerOptions,
  ConsecutiveFailureOptions,
  FailureRatioOptions,
} from "./src/primitives/circuit_options.ts";
export type { Clock, TimerHandle } from "./src/primitives/clock.ts";
export type { RetryBudgetOptions } from "./src/primitives/retry_budget.ts";

export type {
  InferOutput,
  StandardSchemaIssue,
  StandardSchemaProps,
  StandardSchemaResult,
  StandardSchemaV1,
} from "./src/schemas/standard_schema.ts";

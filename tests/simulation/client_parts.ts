/**
 * Creates the options of a client from their plan.
 *
 * @module
 */

import type { ClientOptions, ExtendOptions, MirrorOptions } from "../../src/client/options.ts";
import { MirrorList } from "../../src/f1/mirror_list.ts";
import { isTimeoutError } from "../../src/errors.ts";
import { memoryCache } from "../../src/cache/memory.ts";
import { httpCache } from "../../src/http_cache/http_cache.ts";
import type { Partition } from "../../src/http_cache/partition.ts";
import { ttlCache } from "../../src/http_cache/ttl_cache.ts";
import type { CachePlan } from "../../src/policies/cache_plan.ts";
import type { RetryOn } from "../../src/policies/retry_on.ts";
import { AdaptiveLimit } from "../../src/primitives/adaptive_limit.ts";
import { RetryBudget } from "../../src/primitives/retry_budget.ts";
import { TokenBucket } from "../../src/primitives/token_bucket.ts";
import { Semaphore } from "../../src/primitives/semaphore.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { addressOf, baseUrlOf, limitKeyOf, SECRET } from "./addresses.ts";
import { tierOf } from "./cache_tiers.ts";
import { HookError } from "./interference.ts";
import { isMeant, middlewareOf } from "./middleware.ts";
import type { CacheWorldPlan, ClientPlan, ExtensionPlan, RetryOnKind } from "./plan.ts";
import { COUNT_HEADER, LIMIT_HEADER } from "./origin_limits.ts";
import type { Stage } from "./stage.ts";

/** The delay that a `retryOn` function returns if its kind is "after a delay", in milliseconds. */
const RETRY_DELAY_MS = 40;

/** The options of a client and of its extensions, and the objects in them that the stage uses directly. */
export interface ClientParts {
  readonly options: ClientOptions;
  readonly extensions: readonly ExtendOptions[];
  readonly semaphore: Semaphore | undefined;
  readonly adaptiveLimit: AdaptiveLimit | undefined;
  readonly bucket: TokenBucket | undefined;
  readonly mirrorList: MirrorList | undefined;
}

/** Creates the options of a stage's client and of its extensions. */
export function clientParts(stage: Stage, fetch: ClientOptions["fetch"]): ClientParts {
  const { clock, controllers, plan: { client, seed } } = stage;
  const { concurrency, cache, rates, mirrors, signal, retryOn, use, hasSecretHeader } = client;
  const adaptiveLimit = concurrency?.kind === "adaptive"
    ? new AdaptiveLimit({ ...concurrency.rules, clock })
    : undefined;
  const semaphore = concurrency?.kind === "semaphore" ? new Semaphore(concurrency.most) : undefined;
  const number = concurrency?.kind === "number" ? concurrency.most : undefined;
  const baseUrls = mirrors?.map((mirror, index): MirrorOptions => ({
    url: baseUrlOf(mirror, index),
    moveOn: mirror.moveOn,
    path: mirror.hasPath ? (path: string) => pathAt(stage, path) : undefined,
    headers: mirror.hasKey ? { "x-mirror-key": `${SECRET}-m${index}` } : undefined,
  }));
  const mirrorList = client.hasMirrorList && baseUrls ? new MirrorList(baseUrls) : undefined;
  const bucket = client.bucket && new TokenBucket({ ...client.bucket, clock });
  const options: ClientOptions = {
    ...client.plain,
    // Without mirrors, a client refuses this option.
    clientHeadersTo: mirrors && client.plain?.clientHeadersTo,
    clock,
    fetch,
    random: seededRandom(seed),
    concurrency: adaptiveLimit ?? semaphore ?? number,
    perOrigin: client.perOrigin === undefined ? undefined : { concurrency: client.perOrigin },
    rateLimit: bucket ?? (rates?.length === 1 ? rates[0] : rates),
    limitKey: client.hasKeys ? ({ url }) => limitKeyAt(stage, url) : undefined,
    learnLimits: client.learns && learningOf(client.learns),
    circuitBreaker: breakerOf(stage, client),
    retryBudget: client.sharesBudget && client.retryBudget !== false
      ? new RetryBudget({ ...client.retryBudget, clock })
      : client.retryBudget,
    backoff: client.backoff,
    hedge: client.hedge,
    retryOn: retryOn && retryOnOf(stage, retryOn),
    signal: signal === undefined ? undefined : controllers[signal]!.signal,
    cache: cache && cachePlanOf(stage, cache),
    use: use?.map((kind) => middlewareOf(stage, kind)),
    headers: hasSecretHeader ? { "x-api-key": `${SECRET}-client` } : undefined,
    baseUrls: mirrorList?.baseUrls ?? baseUrls,
  };
  const extensions = (client.extensions ?? []).map((plan) => extensionOf(stage, plan));
  return { options, extensions, semaphore, adaptiveLimit, bucket, mirrorList };
}

function learningOf(learns: NonNullable<ClientPlan["learns"]>): ClientOptions["learnLimits"] {
  if (learns === "never") return false;
  if (learns === "counted") return { limits: LIMIT_HEADER, counts: COUNT_HEADER, per: "origin" };
  return (headers) => {
    const limit = headers.get("x-ratelimit-limit");
    if (limit === null) return [];
    const remaining = Number(headers.get("x-ratelimit-remaining"));
    return [{
      limit: Number(limit),
      remaining,
      resetMs: 1_000 * Number(headers.get("x-ratelimit-reset")),
      per: "origin",
    }];
  };
}

function extensionOf(stage: Stage, plan: ExtensionPlan): ExtendOptions {
  const { maxRetries, timeoutMs, totalTimeoutMs, notFoundIsFinal, signal, use, hasHeader, isPlain } = plan;
  return {
    maxRetries,
    timeoutMs,
    totalTimeoutMs,
    notFoundIsFinal,
    signal: signal === undefined ? undefined : stage.controllers[signal]!.signal,
    hedge: isPlain ? false : undefined,
    cache: isPlain ? false : undefined,
    use: use?.map((kind) => middlewareOf(stage, kind)),
    headers: hasHeader ? { "x-extension": "1" } : undefined,
  };
}

function cachePlanOf(stage: Stage, plan: CacheWorldPlan): CachePlan {
  const { mode, ttlMs, staleWhileRevalidateMs, staleIfErrorMs, isPartitioned, keepsParsed } = plan;
  const tiers = plan.tiers?.map((tier) => tierOf(stage, tier, keepsParsed ?? false));
  const adapter = tiers ?? memoryCache(keepsParsed ? { keep: "parsed" } : {});
  const partition: Partition | undefined = isPartitioned
    ? ({ headers }) => {
      stage.interference.at("partition");
      return headers["authorization"] ?? "";
    }
    : undefined;
  const options = {
    staleWhileRevalidateMs,
    staleIfErrorMs,
    partition,
    adapterTimeoutMs: plan.adapterTimeoutMs,
  };
  return mode === "ttl" ? ttlCache(adapter, { ...options, ttlMs }) : httpCache(adapter, options);
}

function retryOnOf(stage: Stage, kind: RetryOnKind): RetryOn {
  if (kind === "few statuses") return [500, 503];
  const decide = deciderOf(kind);
  return (failure) => {
    stage.interference.at("retryOn");
    return decide(failure);
  };
}

/** Returns the `retryOn` function of a kind. */
function deciderOf(kind: Exclude<RetryOnKind, "few statuses">): Exclude<RetryOn, readonly number[]> {
  switch (kind) {
    case "never":
      return () => false;
    case "after a delay":
      return ({ status }) => status === undefined || status >= 500 ? RETRY_DELAY_MS : undefined;
    case "404 too":
      return ({ status }) => status === 404 ? true : undefined;
    case "throws":
      return ({ url }) => {
        if (isMeant(kind, addressOf(url).id)) throw new HookError("thrown by retryOn");
        return undefined;
      };
  }
}

/** Returns the breaker's options, with a function `isFailure` if the plan has one. */
function breakerOf(stage: Stage, { breaker, isFailure }: ClientPlan): ClientOptions["circuitBreaker"] {
  if (breaker === undefined || breaker === false || isFailure === undefined) return breaker;
  return {
    ...breaker,
    isFailure: (error) => {
      stage.interference.at("isFailure");
      if (isFailure === "throws") throw new HookError("thrown by isFailure");
      return isFailure === "timeouts" && isTimeoutError(error);
    },
  };
}

function limitKeyAt(stage: Stage, url: string): string | undefined {
  stage.interference.at("limitKey");
  return limitKeyOf(url);
}

function pathAt(stage: Stage, path: string): string {
  stage.interference.at("path");
  return `kept/${path}`;
}

/**
 * A world as data: everything that determines a run of the simulation. So a failing world can be printed, run again, and
 * made smaller.
 *
 * @module
 */

import type { BreakerOptions, ClientOptions } from "../../src/client/options.ts";
import type { BatchOptions, RequestOptions } from "../../src/client/request.ts";
import type { AdaptiveLimitRules } from "../../src/primitives/adaptive_limit_options.ts";
import type { BackoffOptions } from "../../src/primitives/backoff.ts";
import type { HedgeOptions } from "../../src/policies/hedge_options.ts";
import type { RetryBudgetOptions } from "../../src/primitives/retry_budget.ts";
import type { InterferencePlan } from "./interference.ts";

/** The number of signals that the callers of a world share. */
export const SIGNALS = 4;

/** The plan of one run. */
export interface WorldPlan {
  readonly seed: number;
  readonly client: ClientPlan;
  readonly origins: readonly OriginPlan[];
  readonly steps: readonly Step[];
}

/** A client; an absent field leaves the client's default. */
export interface ClientPlan {
  /** Whether the client runs in a worker at the edge; each step is then a visit of its own. */
  readonly isWorker?: boolean | undefined;
  readonly listens?: "always" | "now and then" | undefined;
  /** The index of the signal that closes it. */
  readonly signal?: number | undefined;
  readonly concurrency?:
    | { readonly kind: "number" | "semaphore"; readonly most: number }
    | { readonly kind: "adaptive"; readonly rules: AdaptiveLimitRules }
    | undefined;
  readonly perOrigin?: number | AdaptiveLimitRules | undefined;
  /** Rate limits that all apply; a single one is passed without an array. */
  readonly rates?: readonly RatePlan[] | undefined;
  /** A token bucket that other code uses too, in place of `rates`. */
  readonly bucket?: Omit<RatePlan, "per"> | undefined;
  /** Whether its retry budget is a `RetryBudget` object, which clients may share. */
  readonly sharesBudget?: boolean | undefined;
  /** Whether there is another client with the same options, under the same limit and with the same cache. */
  readonly hasSibling?: boolean | undefined;
  /** Whether requests of the same kind share a limit key. */
  readonly hasKeys?: boolean | undefined;
  /** How the client learns limits; by default from the usual headers. */
  readonly learns?: "never" | "counted" | "function" | undefined;
  readonly breaker?: BreakerOptions | false | undefined;
  readonly retryBudget?: RetryBudgetOptions | false | undefined;
  readonly backoff?: BackoffOptions | undefined;
  readonly hedge?: HedgeOptions | undefined;
  readonly mirrors?: readonly MirrorPlan[] | undefined;
  /** Whether the mirrors may change while the client runs. */
  readonly hasMirrorList?: boolean | undefined;
  readonly cache?: CacheWorldPlan | undefined;
  readonly use?: readonly MiddlewareKind[] | undefined;
  readonly retryOn?: RetryOnKind | undefined;
  /** The breaker's function `isFailure`; by default the client's own. */
  readonly isFailure?: "throws" | "nothing" | "timeouts" | undefined;
  /** The acts of users' callbacks. */
  readonly interferes?: readonly InterferencePlan[] | undefined;
  readonly extensions?: readonly ExtensionPlan[] | undefined;
  /** Whether the client's own headers contain a secret, an API key. */
  readonly hasSecretHeader?: boolean | undefined;
  /** Options that the client gets unchanged. */
  readonly plain?:
    | Pick<
      ClientOptions,
      | "maxRetries"
      | "timeoutMs"
      | "idleTimeoutMs"
      | "totalTimeoutMs"
      | "maxBodyBytes"
      | "maxWaiting"
      | "maxRetryAfterMs"
      | "pauseOn429"
      | "notFoundIsFinal"
      | "offline"
      | "clientHeadersTo"
      | "maxQueue"
      | "maxQueueMs"
    >
    | undefined;
}

/** A limit on the rate at which attempts start. */
export interface RatePlan {
  readonly limit: number;
  readonly intervalMs: number;
  readonly burst: number;
  readonly per: "client" | "origin" | "key";
}

/** A mirror at an origin. */
export interface MirrorPlan {
  readonly origin: number;
  readonly moveOn?: readonly number[] | undefined;
  /** Whether it has a function `path`, because its files have other paths. */
  readonly hasPath?: boolean | undefined;
  /** Whether it has a secret key of its own in its headers. */
  readonly hasKey?: boolean | undefined;
}

/** The cache of a client. */
export interface CacheWorldPlan {
  readonly mode: "http" | "ttl";
  readonly ttlMs: number;
  readonly staleWhileRevalidateMs?: number | undefined;
  readonly staleIfErrorMs?: number | undefined;
  /** Whether each user has a partition of the cache; by default requests with credentials are not cached. */
  readonly isPartitioned?: boolean | undefined;
  /** Whether the cache keeps parsed values. */
  readonly keepsParsed?: boolean | undefined;
  /** The tiers of the cache; by default a single one without faults. */
  readonly tiers?: readonly TierPlan[] | undefined;
  /** The timeout of a tier, in milliseconds. */
  readonly adapterTimeoutMs?: number | undefined;
}

/** One tier of a cache. */
export interface TierPlan {
  /** The fault of the tier; absent for a tier without faults. */
  readonly trouble?: TierTrouble | undefined;
  readonly probability: number;
}

/** The fault of a cache tier. */
export type TierTrouble = "slow" | "late" | "hangs" | "throws" | "rejects" | "forgets" | "refuses" | "lies";

/** The effect of a middleware. */
export type MiddlewareKind =
  | "pass"
  | "header"
  | "throws"
  | "answers"
  | "twice"
  | "reads"
  | "drops"
  | "clones"
  | "hangs"
  | "asks";

/** The kind of a client's `retryOn`. */
export type RetryOnKind = "few statuses" | "never" | "after a delay" | "404 too" | "throws";

/** The kind of a schema. Every kind accepts only the servers' own values. */
export type SchemaKind = "own" | "async" | "throws" | "rejects" | "transforms";

/** A client that extends the first one, or another extension, and shares its limits. */
export interface ExtensionPlan {
  /** The index of the extension that it extends, an earlier one; absent if it extends the client itself. */
  readonly parent?: number | undefined;
  /** The index of the signal that closes it. */
  readonly signal?: number | undefined;
  readonly totalTimeoutMs?: number | undefined;
  readonly notFoundIsFinal?: boolean | undefined;
  /** Whether it turns hedging and the cache off, even if the client uses them. */
  readonly isPlain?: boolean | undefined;
  readonly maxRetries?: number | undefined;
  readonly timeoutMs?: number | undefined;
  readonly use?: readonly MiddlewareKind[] | undefined;
  readonly hasHeader?: boolean | undefined;
}

/** An origin, and its faults over time. */
export interface OriginPlan {
  readonly latencyMs: readonly [number, number];
  readonly bytesPerSecond?: number | undefined;
  readonly phases: readonly PhasePlan[];
  /** A limit on its requests. */
  readonly limit?: OriginLimitPlan | undefined;
}

/** A limit that an origin enforces, and states in its answers. */
export interface OriginLimitPlan {
  readonly most: number;
  readonly windowMs: number;
  /** The kind of headers that state the limit. */
  readonly form: "draft" | "legacy" | "counted";
  /** Whether a refusal has a `Retry-After` too. */
  readonly namesWait: boolean;
}

/** A fault of an origin during some time. */
export interface PhasePlan {
  readonly fault: FaultName;
  readonly probability: number;
  readonly fromMs: number;
  /** The end of the fault; absent if it never ends. */
  readonly untilMs?: number | undefined;
}

/** The name of an origin's fault. */
export type FaultName =
  | "408"
  | "529"
  | "503 at once"
  | "429 at once"
  | "429 past"
  | "204"
  | "refuse"
  | "reset"
  | "hanging headers"
  | "hanging body"
  | "cut"
  | "500"
  | "503"
  | "503 named"
  | "403"
  | "429"
  | "429 named"
  | "429 long"
  | "login page"
  | "wrong json"
  | "truncated"
  | "empty"
  | "drip"
  | "slow";

/** The kind of a resource on the servers. */
export type ResourceKind =
  | "data"
  | "big"
  | "fresh"
  | "swr"
  | "etag"
  | "nostore"
  | "private"
  | "missing"
  | "file"
  | "nothing"
  | "redirect"
  | "away"
  | "lines"
  | "events"
  | "pages"
  | "circle";

/** The target of a request, with its method, body and credentials. */
export interface TargetPlan {
  readonly kind: ResourceKind;
  /** The id, which is unique unless several callers request the same target. */
  readonly id: string;
  /** The origin; absent for a relative URL. */
  readonly origin?: number | undefined;
  readonly method?: "GET" | "HEAD" | "PUT" | "POST" | undefined;
  /** The body of a PUT or POST; by default a text. */
  readonly body?: BodyKind | undefined;
  /** The user whose credentials the request has. */
  readonly user?: string | undefined;
  /** Whether its query contains a secret. */
  readonly hasToken?: boolean | undefined;
  /** Options in the request itself, which win over the options of the call. */
  readonly own?: OwnPlan | undefined;
}

/** Options in a request itself. */
export type OwnPlan = OptionsPlan & {
  /** The index of a signal that ends only this request. */
  readonly signal?: number | undefined;
};

/** The form of a body. */
export type BodyKind =
  | "json"
  | "query"
  | "bytes"
  | "form"
  | "blob"
  | "iterable"
  | "stream"
  | "slow stream"
  | "broken stream";

/** Options of a request as data. */
export type OptionsPlan =
  & Pick<
    RequestOptions,
    | "as"
    | "priority"
    | "timeoutMs"
    | "totalTimeoutMs"
    | "maxRetries"
    | "onOpen"
    | "patienceMs"
    | "cache"
    | "readCache"
    | "writeCache"
    | "idempotent"
    | "hedge"
    | "idleTimeoutMs"
    | "notFoundIsFinal"
    | "maxBodyBytes"
  >
  & {
    /** A schema, which accepts only the servers' own values. */
    readonly schema?: SchemaKind | undefined;
    /** Whether the caller listens to the progress of the body. */
    readonly hasProgress?: boolean | undefined;
  };

/** One event of a world's script. */
export type Step =
  | CallStep
  | BatchStep
  | ItemsStep
  | DownloadStep
  | AbortStep
  | CloseStep
  | ListenStep
  | JumpStep
  | WallStep
  | MirrorStep
  | CrowdStep
  | OthersStep;

/** A step that makes requests. */
export type WorkStep = CallStep | BatchStep | ItemsStep | DownloadStep;

/** Whether a step makes requests. */
export function isWork(step: Step): step is WorkStep {
  return step.what === "call" || step.what === "batch" || step.what === "items" || step.what === "download";
}

/** A single request. */
export interface CallStep {
  readonly what: "call";
  readonly atMs: number;
  /** At the edge: the time after which its visitor leaves, in milliseconds; absent if the visitor does not leave early. */
  readonly staysMs?: number | undefined;
  readonly how: "json" | "text" | "bytes" | "outcome" | "fetch";
  readonly target: TargetPlan;
  readonly options?: OptionsPlan | undefined;
  readonly signal?: number | undefined;
  /** The index of the extension that gets the call; absent for the client itself. */
  readonly extension?: number | undefined;
  /** Whether the other client gets the call. */
  readonly isSibling?: boolean | undefined;
  /** The argument of `fetch`; by default a string. */
  readonly input?: "url" | "request" | "slow request" | "stalled request" | undefined;
  /** How the caller of `fetch` reads the body. */
  readonly reading?: "all" | "late" | "part" | "cancel" | "never" | undefined;
}

/**
 * The kind of a batch's source. A source that "rejects" fails in the middle, an "unclosable" one fails when it is closed, and
 * a "deaf" one never finishes closing.
 */
export type SourceKind =
  | "array"
  | "iterator"
  | "async"
  | "stalled"
  | "throws"
  | "generator"
  | "async generator"
  | "rejects"
  | "unclosable"
  | "deaf";

/** A batch of requests. */
export interface BatchStep {
  readonly what: "batch";
  readonly atMs: number;
  /** At the edge: the time after which its visitor leaves, in milliseconds; absent if the visitor does not leave early. */
  readonly staysMs?: number | undefined;
  readonly how: "all" | "settle" | "stream" | "record";
  readonly targets: readonly TargetPlan[];
  readonly source: SourceKind;
  readonly options?:
    | (OptionsPlan & Pick<BatchOptions, "concurrency" | "ordered" | "prefetch" | "batchTimeoutMs">)
    | undefined;
  readonly signal?: number | undefined;
  /** The index of the extension that gets the call; absent for the client itself. */
  readonly extension?: number | undefined;
  /** The number of outcomes after which the reader of a stream leaves. */
  readonly leavesAfter?: number | undefined;
  /** The time after which the reader of a stream leaves, in milliseconds, even while it waits for an outcome. */
  readonly leavesAfterMs?: number | undefined;
  /** The number of readers that share one stream; by default 1. */
  readonly readers?: number | undefined;
  /** The time that the reader of a stream takes for each outcome, in milliseconds. */
  readonly slowMs?: number | undefined;
}

/** A request for lines, events or pages. */
export interface ItemsStep {
  readonly what: "items";
  readonly atMs: number;
  /** At the edge: the time after which its visitor leaves, in milliseconds; absent if the visitor does not leave early. */
  readonly staysMs?: number | undefined;
  readonly how: "lines" | "events" | "pages";
  readonly target: TargetPlan;
  readonly options?: OptionsPlan | undefined;
  readonly signal?: number | undefined;
  /** The index of the extension that gets the call; absent for the client itself. */
  readonly extension?: number | undefined;
  /** The number of items after which the reader leaves. */
  readonly leavesAfter?: number | undefined;
  /** The time after which the reader leaves, in milliseconds, even while it waits for an item. */
  readonly leavesAfterMs?: number | undefined;
  /** The time that the reader takes for each item, in milliseconds. */
  readonly slowMs?: number | undefined;
  /** The number of pages to load ahead. */
  readonly prefetch?: 1 | undefined;
}

/** A download of a file to a stream of the caller. */
export interface DownloadStep {
  readonly what: "download";
  readonly atMs: number;
  /** At the edge: the time after which its visitor leaves, in milliseconds; absent if the visitor does not leave early. */
  readonly staysMs?: number | undefined;
  readonly target: TargetPlan;
  readonly options?: OptionsPlan | undefined;
  readonly signal?: number | undefined;
  /** The index of the extension that gets the call; absent for the client itself. */
  readonly extension?: number | undefined;
  /** The time that the stream takes for each chunk, in milliseconds. */
  readonly slowMs?: number | undefined;
  /** The number of chunks after which the stream breaks. */
  readonly breaksAfter?: number | undefined;
}

/** An abort of one of the signals. */
export interface AbortStep {
  readonly what: "abort";
  readonly atMs: number;
  readonly signal: number;
}

/** A `close()` of the client, or of an extension. */
export interface CloseStep {
  readonly what: "close";
  readonly atMs: number;
  /** The index of the extension to close; absent for the client itself, which closes all extensions too. */
  readonly extension?: number | undefined;
}

/** A listener of the client's events is added or removed. */
export interface ListenStep {
  readonly what: "listen" | "unlisten";
  readonly atMs: number;
}

/** The computer sleeps: for a while nothing runs, and then everything that has become due. */
export interface JumpStep {
  readonly what: "jump";
  readonly atMs: number;
  readonly byMs: number;
}

/** The wall clock of the client's machine is set forward or back. */
export interface WallStep {
  readonly what: "wall";
  readonly atMs: number;
  /** The change in milliseconds; negative to set the clock back. */
  readonly byMs: number;
}

/** The mirrors change while the client runs. */
export interface MirrorStep {
  readonly what: "mirror";
  readonly atMs: number;
  readonly does: "remove" | "enable" | "disable" | "reset" | "add";
  /** The index of the mirror. */
  readonly mirror: number;
}

/** Other code uses the client's semaphore or bucket. */
export interface OthersStep {
  readonly what: "others";
  readonly atMs: number;
  readonly does: "lend" | "resize" | "take" | "pause";
  /** The number of permits or tokens. */
  readonly amount: number;
  /** The duration, in milliseconds. */
  readonly forMs: number;
}

/** Many single requests at once that share a signal. */
export interface CrowdStep {
  readonly what: "crowd";
  readonly atMs: number;
  readonly size: number;
  readonly origin: number;
  readonly signal: number;
}

/**
 * A world as data: everything that a run of the simulation is made of, so that a failing one can be printed, run again and made
 * smaller.
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

/** How many signals the callers of a world have between them. */
export const SIGNALS = 4;

/** Everything of one run. */
export interface WorldPlan {
  readonly seed: number;
  readonly client: ClientPlan;
  readonly origins: readonly OriginPlan[];
  readonly steps: readonly Step[];
}

/** A client; what is absent is as the client has it by default. */
export interface ClientPlan {
  /** Whether it is used by a worker at the edge: each step is a visit then. */
  readonly isWorker?: boolean | undefined;
  readonly listens?: "always" | "now and then" | undefined;
  /** Which of the signals closes it. */
  readonly signal?: number | undefined;
  readonly concurrency?:
    | { readonly kind: "number" | "semaphore"; readonly most: number }
    | { readonly kind: "adaptive"; readonly rules: AdaptiveLimitRules }
    | undefined;
  readonly perOrigin?: number | AdaptiveLimitRules | undefined;
  /** Rates that hold together; one alone is given as it is. */
  readonly rates?: readonly RatePlan[] | undefined;
  /** A bucket that others use as well, in place of rates. */
  readonly bucket?: Omit<RatePlan, "per"> | undefined;
  /** Whether its retry budget is one that clients may share. */
  readonly sharesBudget?: boolean | undefined;
  /** Whether there is another client, made alike, under the same limit and with the same cache. */
  readonly hasSibling?: boolean | undefined;
  /** Whether requests of the same kind share limits. */
  readonly hasKeys?: boolean | undefined;
  /** How limits are learnt; by default from the usual headers. */
  readonly learns?: "never" | "counted" | "function" | undefined;
  readonly breaker?: BreakerOptions | false | undefined;
  readonly retryBudget?: RetryBudgetOptions | false | undefined;
  readonly backoff?: BackoffOptions | undefined;
  readonly hedge?: HedgeOptions | undefined;
  readonly mirrors?: readonly MirrorPlan[] | undefined;
  /** Whether the mirrors may change. */
  readonly hasMirrorList?: boolean | undefined;
  readonly cache?: CacheWorldPlan | undefined;
  readonly use?: readonly MiddlewareKind[] | undefined;
  readonly retryOn?: RetryOnKind | undefined;
  /** What its breaker takes for a failure; by default what the client does. */
  readonly isFailure?: "throws" | "nothing" | "timeouts" | undefined;
  /** What users do when they are called back. */
  readonly interferes?: readonly InterferencePlan[] | undefined;
  readonly extensions?: readonly ExtensionPlan[] | undefined;
  /** Whether it has an authorization header of its own. */
  readonly hasSecretHeader?: boolean | undefined;
  /** What it takes as it is. */
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

/** How fast attempts may start. */
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
  /** Whether it keeps its files at another place. */
  readonly hasPath?: boolean | undefined;
  /** Whether it has a key of its own. */
  readonly hasKey?: boolean | undefined;
}

/** How a client caches. */
export interface CacheWorldPlan {
  readonly mode: "http" | "ttl";
  readonly ttlMs: number;
  readonly staleWhileRevalidateMs?: number | undefined;
  readonly staleIfErrorMs?: number | undefined;
  /** Whether each user has a part of its own; by default their requests are not cached. */
  readonly isPartitioned?: boolean | undefined;
  /** Whether parsed values are kept. */
  readonly keepsParsed?: boolean | undefined;
  /** What it is made of; by default one that is well. */
  readonly tiers?: readonly TierPlan[] | undefined;
  /** How long a tier has for an answer, in milliseconds. */
  readonly adapterTimeoutMs?: number | undefined;
}

/** One cache of several. */
export interface TierPlan {
  /** What is the matter with it; absent for nothing. */
  readonly trouble?: TierTrouble | undefined;
  readonly probability: number;
}

/** What a cache does that is in trouble. */
export type TierTrouble = "slow" | "late" | "hangs" | "throws" | "rejects" | "forgets" | "refuses" | "lies";

/** What a middleware does. */
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

/** What a caller says about retries. */
export type RetryOnKind = "few statuses" | "never" | "after a delay" | "404 too" | "throws";

/** What a schema does besides saying which values are the servers' own. */
export type SchemaKind = "own" | "async" | "throws" | "rejects" | "transforms";

/** A client that shares the limits of the first one. */
export interface ExtensionPlan {
  /** Which of the extensions before it is extended; absent for the client itself. */
  readonly parent?: number | undefined;
  /** Which of the signals closes it. */
  readonly signal?: number | undefined;
  readonly totalTimeoutMs?: number | undefined;
  readonly notFoundIsFinal?: boolean | undefined;
  /** Whether it neither hedges nor caches, whatever the first one does. */
  readonly isPlain?: boolean | undefined;
  readonly maxRetries?: number | undefined;
  readonly timeoutMs?: number | undefined;
  readonly use?: readonly MiddlewareKind[] | undefined;
  readonly hasHeader?: boolean | undefined;
}

/** An origin, and how it is at which time. */
export interface OriginPlan {
  readonly latencyMs: readonly [number, number];
  readonly bytesPerSecond?: number | undefined;
  readonly phases: readonly PhasePlan[];
  /** How many requests it takes in which time. */
  readonly limit?: OriginLimitPlan | undefined;
}

/** A limit that an origin keeps to, and states in its answers. */
export interface OriginLimitPlan {
  readonly most: number;
  readonly windowMs: number;
  /** By which headers it is stated. */
  readonly form: "draft" | "legacy" | "counted";
  /** Whether a refusal names a wait besides. */
  readonly namesWait: boolean;
}

/** What goes wrong for a while. */
export interface PhasePlan {
  readonly fault: FaultName;
  readonly probability: number;
  readonly fromMs: number;
  /** Absent if it never ends. */
  readonly untilMs?: number | undefined;
}

/** What may go wrong at an origin. */
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

/** What the servers have. */
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

/** Where a request goes, and with what. */
export interface TargetPlan {
  readonly kind: ResourceKind;
  /** Unique, unless others ask for the same. */
  readonly id: string;
  /** The origin; absent for a relative URL. */
  readonly origin?: number | undefined;
  readonly method?: "GET" | "HEAD" | "PUT" | "POST" | undefined;
  /** What a PUT or POST carries; by default some text. */
  readonly body?: BodyKind | undefined;
  /** Whose request it is, which its credentials say. */
  readonly user?: string | undefined;
  /** Whether there is a secret in its query. */
  readonly hasToken?: boolean | undefined;
  /** Options of its own, which win over those that it is asked for with. */
  readonly own?: OwnPlan | undefined;
}

/** Options that are a part of a request. */
export type OwnPlan = OptionsPlan & {
  /** A signal that ends this request only. */
  readonly signal?: number | undefined;
};

/** What a body is given as. */
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

/** Options that are data. */
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
    /** Takes nothing but the servers' own. */
    readonly schema?: SchemaKind | undefined;
    /** Whether its caller is told how far its body has come. */
    readonly hasProgress?: boolean | undefined;
  };

/** One thing that happens. */
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

/** A step in which somebody asks for something. */
export type WorkStep = CallStep | BatchStep | ItemsStep | DownloadStep;

/** Whether somebody asks for something in a step. */
export function isWork(step: Step): step is WorkStep {
  return step.what === "call" || step.what === "batch" || step.what === "items" || step.what === "download";
}

/** A single request. */
export interface CallStep {
  readonly what: "call";
  readonly atMs: number;
  /** At the edge: how long its visitor stays, in milliseconds; absent for one that does not leave early. */
  readonly staysMs?: number | undefined;
  readonly how: "json" | "text" | "bytes" | "outcome" | "fetch";
  readonly target: TargetPlan;
  readonly options?: OptionsPlan | undefined;
  readonly signal?: number | undefined;
  /** Which of the extensions is asked; absent for the client itself. */
  readonly extension?: number | undefined;
  /** Whether the other client is asked. */
  readonly isSibling?: boolean | undefined;
  /** What `fetch` is given; by default a string. */
  readonly input?: "url" | "request" | "slow request" | "stalled request" | undefined;
  /** What becomes of the body of `fetch`. */
  readonly reading?: "all" | "late" | "part" | "cancel" | "never" | undefined;
}

/** Where a batch gets its requests from; of the last three, one rejects, one can't be closed, and one does not say when it is. */
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

/** Many requests. */
export interface BatchStep {
  readonly what: "batch";
  readonly atMs: number;
  /** At the edge: how long its visitor stays, in milliseconds; absent for one that does not leave early. */
  readonly staysMs?: number | undefined;
  readonly how: "all" | "settle" | "stream" | "record";
  readonly targets: readonly TargetPlan[];
  readonly source: SourceKind;
  readonly options?:
    | (OptionsPlan & Pick<BatchOptions, "concurrency" | "ordered" | "prefetch" | "batchTimeoutMs">)
    | undefined;
  readonly signal?: number | undefined;
  /** Which of the extensions is asked; absent for the client itself. */
  readonly extension?: number | undefined;
  /** After how many outcomes the reader of a stream leaves. */
  readonly leavesAfter?: number | undefined;
  /** When the reader of a stream leaves, in milliseconds after it came, whether or not it waits for an outcome then. */
  readonly leavesAfterMs?: number | undefined;
  /** How many read one stream together; by default one. */
  readonly readers?: number | undefined;
  /** How long the reader of a stream takes for each outcome. */
  readonly slowMs?: number | undefined;
}

/** Lines, events or pages. */
export interface ItemsStep {
  readonly what: "items";
  readonly atMs: number;
  /** At the edge: how long its visitor stays, in milliseconds; absent for one that does not leave early. */
  readonly staysMs?: number | undefined;
  readonly how: "lines" | "events" | "pages";
  readonly target: TargetPlan;
  readonly options?: OptionsPlan | undefined;
  readonly signal?: number | undefined;
  /** Which of the extensions is asked; absent for the client itself. */
  readonly extension?: number | undefined;
  readonly leavesAfter?: number | undefined;
  /** When the reader leaves, in milliseconds after it came, whether or not it waits for an item then. */
  readonly leavesAfterMs?: number | undefined;
  /** How long the reader takes for each item. */
  readonly slowMs?: number | undefined;
  /** How many pages are loaded ahead. */
  readonly prefetch?: 1 | undefined;
}

/** A file, to a stream of the caller's. */
export interface DownloadStep {
  readonly what: "download";
  readonly atMs: number;
  /** At the edge: how long its visitor stays, in milliseconds; absent for one that does not leave early. */
  readonly staysMs?: number | undefined;
  readonly target: TargetPlan;
  readonly options?: OptionsPlan | undefined;
  readonly signal?: number | undefined;
  /** Which of the extensions is asked; absent for the client itself. */
  readonly extension?: number | undefined;
  /** How long the stream takes for each chunk. */
  readonly slowMs?: number | undefined;
  /** After how many chunks the stream breaks. */
  readonly breaksAfter?: number | undefined;
}

/** A caller aborts. */
export interface AbortStep {
  readonly what: "abort";
  readonly atMs: number;
  readonly signal: number;
}

/** The client is closed. */
export interface CloseStep {
  readonly what: "close";
  readonly atMs: number;
  /** Which of the extensions is closed; absent for the client itself, and all of them. */
  readonly extension?: number | undefined;
}

/** Somebody begins to listen, or ceases. */
export interface ListenStep {
  readonly what: "listen" | "unlisten";
  readonly atMs: number;
}

/** The computer sleeps: nothing happens for a while, and then everything that was due. */
export interface JumpStep {
  readonly what: "jump";
  readonly atMs: number;
  readonly byMs: number;
}

/** The wall clock of the client's machine is set. */
export interface WallStep {
  readonly what: "wall";
  readonly atMs: number;
  /** Negative to set it back. */
  readonly byMs: number;
}

/** The mirrors change while the client runs. */
export interface MirrorStep {
  readonly what: "mirror";
  readonly atMs: number;
  readonly does: "remove" | "enable" | "disable" | "reset" | "add";
  /** Which of the mirrors. */
  readonly mirror: number;
}

/** Others use what the client was given. */
export interface OthersStep {
  readonly what: "others";
  readonly atMs: number;
  readonly does: "lend" | "resize" | "take" | "pause";
  /** How many permits or tokens. */
  readonly amount: number;
  /** For how long, in milliseconds. */
  readonly forMs: number;
}

/** Many single requests at once, which share a signal. */
export interface CrowdStep {
  readonly what: "crowd";
  readonly atMs: number;
  readonly size: number;
  readonly origin: number;
  readonly signal: number;
}

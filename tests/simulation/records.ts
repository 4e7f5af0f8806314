/**
 * The observer's records: one for each request of a caller, and one for each request on the network.
 *
 * @module
 */

import type { Batch } from "../../src/client/batch.ts";
import type { FetchRequest } from "../../src/client/request.ts";
import type { CdnLogEntry } from "../../src/testing/cdn_log.ts";
import type { Address } from "./addresses.ts";
import type { StatedLimit } from "./origin_limits.ts";
import type { BatchStep, OptionsPlan, TargetPlan } from "./plan.ts";
import type { Visit } from "./visits.ts";

/** A request on the network. */
export interface Sent {
  /** The number of the request among all on the network, from 0. */
  readonly index: number;
  readonly url: string;
  readonly address: Address;
  readonly method: string;
  readonly headers: Headers;
  readonly signal: AbortSignal | undefined;
  readonly atMs: number;
  /** The caller; absent if several callers share the target. */
  readonly caller: Caller | undefined;
  /** Whether it is a part of the attempt before it: it follows a redirect, or a middleware has sent the request again. */
  readonly isPart: boolean;
  /** The servers' log entry, once the request has arrived. */
  entry: CdnLogEntry | undefined;
  /** Whether nothing more of it will arrive, even if the servers still count it as open. */
  isOver: boolean;
  /** The time when the headers of the answer arrived, or the request failed. */
  answeredAtMs: number;
  /** The status; 0 before the answer, and for a failure. */
  status: number;
  /** The wait that the answer asks for, in milliseconds. */
  waitMs: number | undefined;
  /** The limit of the origin that the answer states. */
  stated: StatedLimit | undefined;
  /** The time when the client aborted it. */
  abortedAtMs: number;
  /** Whether the client aborted it to give its permit to others; it then does not count as one of the caller's attempts. */
  hasGivenWay: boolean;
  /** The number of bytes of the body at the last check. */
  bytes: number;
  /** The time of the answer, or of the last check that found new bytes. */
  activeAtMs: number;
}

/** The result of a request for its caller. */
export interface Ending {
  readonly atMs: number;
  readonly ok: boolean;
  /** The value, or the error. */
  readonly value: unknown;
  /** The number of attempts that the outcome or the error reports. */
  readonly attempts: number | undefined;
  /** The place that the value came from, as the outcome reports it. */
  readonly from: string | undefined;
}

/** A request, as its caller sees it. */
export interface Caller {
  /** The visit that it belongs to, at the edge. */
  readonly visit: Visit | undefined;
  /** Its name in traces and violations. */
  readonly name: string;
  readonly how: string;
  readonly target: TargetPlan;
  readonly given: FetchRequest;
  /** The options of the call or the batch, overridden by those of the request itself. */
  readonly options: OptionsPlan;
  readonly client: number;
  /** Whether the other client got the call, whose lanes the observer does not watch. */
  readonly isSibling: boolean;
  readonly batch: BatchRecord | undefined;
  readonly signals: readonly number[];
  readonly startedAtMs: number;
  readonly timeoutMs: number;
  readonly totalTimeoutMs: number;
  readonly maxRetries: number;
  /** Whether other callers request the same target. */
  readonly isShared: boolean;
  readonly isRepeatable: boolean;
  /** Whether the caller reads the body as a stream. */
  readonly streams: boolean;
  /** Whether the client reads the body of the request first; the call is not in line meanwhile. */
  readonly isKept: boolean;
  readonly sent: Sent[];
  /** The number of attempts that a middleware has kept from the network. */
  withheld: number;
  ending: Ending | undefined;
  /** The time after which the client may send nothing more for it. */
  deadAtMs: number;
  /** The reason with which it must reject at once; if the reason is not sure, it must end at once in any way. */
  mustEndWith: { readonly reason: unknown; readonly isSure: boolean } | undefined;
  /** Whether the caller is busy with an item, so that it does not notice an abort yet. */
  isBusy: boolean;
  /** Whether the client may take its permit away: at the edge, a caller that has not read for too long may have died. */
  isTakenForDead: boolean;
  /** The time since which it reads its body; `Infinity` while it does not read. */
  readingSinceMs: number;
}

/** A batch, as its caller sees it. */
export interface BatchRecord {
  /** The visit that it belongs to, at the edge. */
  readonly visit: Visit | undefined;
  readonly name: string;
  readonly step: BatchStep;
  /** The index of the client that got the call. */
  readonly client: number;
  readonly pulled: Caller[];
  readonly startedAtMs: number;
  /** The client's batch itself, once it has got an iterator from its source. */
  batch: Batch | undefined;
  taken: number;
  /** Whether its reader left early, perhaps while it waited for an outcome. */
  hasLeft: boolean;
  isAsked: boolean;
  /** Whether the source has ended or thrown. */
  hasEnded: boolean;
  returns: number;
  ending: { readonly ok: boolean; readonly value: unknown } | undefined;
  deadAtMs: number;
  mustEndWith: { readonly reason: unknown } | undefined;
  /** Whether the batch must have ended when everything that is due has run. */
  mustEnd: boolean;
}

/**
 * What the observer writes down: of each request that a caller makes, and of each that the network sees.
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

/** A request that the network sees. */
export interface Sent {
  /** Which of all, from 0. */
  readonly index: number;
  readonly url: string;
  readonly address: Address;
  readonly method: string;
  readonly headers: Headers;
  readonly signal: AbortSignal | undefined;
  readonly atMs: number;
  /** Who asks; absent if several do. */
  readonly caller: Caller | undefined;
  /** Whether a middleware has sent it once more, or it follows a redirect: it is a part of the attempt before it. */
  readonly isPart: boolean;
  /** What the servers know of it, once it has arrived. */
  entry: CdnLogEntry | undefined;
  /** Whether the client needs nothing more of it, whatever the server thinks. */
  isOver: boolean;
  /** When its headers came, or it failed. */
  answeredAtMs: number;
  /** The status; 0 for a failure. */
  status: number;
  /** How long the answer asks to wait, in milliseconds. */
  waitMs: number | undefined;
  /** What the answer states of its origin's limit. */
  stated: StatedLimit | undefined;
  /** When it was stopped by the client. */
  abortedAtMs: number;
  /** Whether that was for the sake of others, so that it is no attempt that its caller has used up. */
  hasGivenWay: boolean;
  /** How much of its body has come, and when the latest of it came, as far as somebody has looked. */
  bytes: number;
  activeAtMs: number;
}

/** How a request has ended for its caller. */
export interface Ending {
  readonly atMs: number;
  readonly ok: boolean;
  /** The value, or the error. */
  readonly value: unknown;
  /** How many attempts it says that it took. */
  readonly attempts: number | undefined;
  /** Where it says that it came from. */
  readonly from: string | undefined;
}

/** A request, as its caller sees it. */
export interface Caller {
  /** The visit that it belongs to, at the edge. */
  readonly visit: Visit | undefined;
  /** What it is called in traces. */
  readonly name: string;
  readonly how: string;
  readonly target: TargetPlan;
  readonly given: FetchRequest;
  /** What its own options say, over the batch's. */
  readonly options: OptionsPlan;
  readonly client: number;
  /** Whether the other client is asked, of whose lanes the observer knows nothing. */
  readonly isSibling: boolean;
  readonly batch: BatchRecord | undefined;
  readonly signals: readonly number[];
  readonly startedAtMs: number;
  readonly timeoutMs: number;
  readonly totalTimeoutMs: number;
  readonly maxRetries: number;
  /** Whether others ask for the same. */
  readonly isShared: boolean;
  readonly isRepeatable: boolean;
  /** Whether its body streams to it. */
  readonly streams: boolean;
  /** Whether its body is read first, while it is not in line. */
  readonly isKept: boolean;
  readonly sent: Sent[];
  /** Attempts that a middleware has kept from the network. */
  withheld: number;
  ending: Ending | undefined;
  /** When nothing more may be sent for it. */
  deadAtMs: number;
  /** What it must reject with, at once; if that is not sure, it must end at once. */
  mustEndWith: { readonly reason: unknown; readonly isSure: boolean } | undefined;
  /** Whether it does something with an item, so that it hears of nothing. */
  isBusy: boolean;
  /** Whether it has read nothing for so long, at the edge, that its permit is given to others: it may have died. */
  isTakenForDead: boolean;
  /** Since when it reads its body; `Infinity` while it does not. */
  readingSinceMs: number;
}

/** A batch, as its caller sees it. */
export interface BatchRecord {
  /** The visit that it belongs to, at the edge. */
  readonly visit: Visit | undefined;
  readonly name: string;
  readonly step: BatchStep;
  /** Which client is asked, by its place among all. */
  readonly client: number;
  readonly pulled: Caller[];
  readonly startedAtMs: number;
  /** What is tested, once it has asked its source. */
  batch: Batch | undefined;
  taken: number;
  /** Whether its reader left, in the middle of something perhaps. */
  hasLeft: boolean;
  isAsked: boolean;
  /** Whether the source has ended, or thrown. */
  hasEnded: boolean;
  returns: number;
  ending: { readonly ok: boolean; readonly value: unknown } | undefined;
  deadAtMs: number;
  mustEndWith: { readonly reason: unknown } | undefined;
  /** Whether it must be over as soon as everything has run. */
  mustEnd: boolean;
}

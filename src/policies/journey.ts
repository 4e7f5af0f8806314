/**
 * The state of a call on the general way. Calls on the straight way need none of it.
 *
 * @module
 */

import type { HeaderMap } from "../http/headers.ts";
import type { RedirectedRequest } from "../http/redirect.ts";
import type { Admission } from "../lanes/admission.ts";
import type { Lane } from "../lanes/lane.ts";
import type { CallerScope } from "../primitives/caller_scope.ts";
import type { Deadline } from "../primitives/deadline_queue.ts";
import type { Mirror } from "./mirror.ts";

/** The target of an attempt. */
export interface Target {
  readonly lane: Lane;
  /** The mirror of the target; absent for a call that goes to one origin only. */
  readonly mirror?: Mirror | undefined;
  /** The absolute URL. */
  readonly url: string;
  /** All headers, including the client's and the mirror's. */
  readonly headers: HeaderMap;
  /** Lower-case names of headers that must not reach another origin. */
  readonly sensitive: ReadonlySet<string>;
}

/** A redirect that was followed on the way to a response. Times are in milliseconds since 1970. */
export interface Hop {
  /** The request that was redirected. */
  readonly from: Pick<RedirectedRequest, "method" | "url">;
  /** The request that followed. */
  readonly to: Pick<RedirectedRequest, "method" | "url">;
  readonly status: number;
  readonly headers: Headers;
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
}

/** The facts of the latest attempt that the cache needs. Times are in milliseconds since 1970. */
export interface ExchangeFacts {
  /** Whether the cache stores the body, so that it needs the bytes. */
  readonly keepsBody: boolean;
  /**
   * Whether the response replaces a stored one, so that a browser's own cache must not answer without revalidation. Absent if
   * not.
   */
  readonly asksAnew?: boolean | undefined;
  /** When the request was sent that got the response, and when the response came. */
  sentAtMs: number;
  answeredAtMs: number;
  /** The redirects before the response, as far as the runtime shows them; absent if there were none. */
  hops?: Hop[] | undefined;
}

/** The first attempt of a call, sent before the call came to the general way. */
export interface Opening {
  /** The admission that the attempt holds; absent if it holds nothing to give back. */
  readonly admission?: Admission | undefined;
  readonly response?: Response | undefined;
  /** The response of an attempt that is still in flight; then there is neither `response` nor `error`. */
  readonly answer?: Promise<Response> | undefined;
  /** The admission of a second attempt, to be sent beside the first. */
  readonly rival?: Admission | undefined;
  readonly error?: unknown;
}

/** The state of a call so far on the general way: its rounds, its latest attempt, and its part in the cache. */
export class Journey {
  /** The number of the current round, from 1. */
  round = 1;
  /** How many rounds have followed the first, including those that do not count against `maxRetries`. */
  retries = 0;
  /** Whether the network has failed: at a mirror, or for another identical request that the call waited for. */
  hasSeenFailure = false;
  /** Whether the call goes before calls that were never sent, because an origin told it to come again. */
  isUrgent = false;
  /** Whether an attempt of the call has given way to others once. */
  hasGivenWay = false;
  /** Whether the latest attempt has failed late. */
  isCostly = false;
  /** How often an origin told the call to come again. */
  refusals = 0;
  /** Whether an origin told the call to come again at once, and the call did. */
  hasComeAtOnce = false;
  /** Why the call ends although its failure was worth a retry; `undefined` if it does not. */
  notRetried: string | undefined = undefined;
  /**
   * When the latest attempt of the call began that counted as a success of its origin, although it did not end the call; on the
   * client's clock.
   */
  answeredAtMs: number = -Infinity;
  /** When the call failed for the first time, on the client's clock. */
  failingSinceMs: number = Infinity;
  /**
   * The end of the sleep from which the call woke early to test its origin, because no other request was in flight there, on the
   * client's clock; absent unless the call makes such a test.
   */
  restsUntilMs: number | undefined = undefined;
  /** The round in which the call last woke for such a test. */
  testedInRound = 0;
  /** Whether the latest attempt was a probe, to find out whether the origin is back. */
  isProbing = false;
  /** The target of the latest attempt. */
  target: Target | undefined = undefined;
  /** An attempt that the straight way has sent. */
  opening: Opening | undefined = undefined;
  /** When the `fetch` of an attempt on the straight way is written off that the call has left; absent afterwards. */
  writeOff: Deadline | undefined = undefined;
  /** The admission that the call got before it came here. */
  granted: Admission | undefined = undefined;
  /** The request's own headers, with the conditions of the cache. */
  ownHeaders: HeaderMap | undefined = undefined;
  /** Whether the cache has added conditions: a 304 is then for the cache, and not the call's value. */
  isValidating = false;
  /** The async context in which middleware runs, also around a hedged request; absent without middleware. */
  scope: CallerScope | undefined = undefined;
  /** The facts of the latest attempt for the cache; absent if the cache does not need them. */
  exchange: ExchangeFacts | undefined = undefined;
  /** The requests to which redirects have led the call, in all of its attempts. */
  redirectedTo: Pick<RedirectedRequest, "method" | "url">[] | undefined = undefined;
  /** The latest failure after which the call went on; recorded only if the call or its batch has a deadline. */
  failure: unknown = undefined;
  /** Aborts when no caller needs the work any more; created when it is first needed. */
  controller: AbortController | undefined = undefined;
}

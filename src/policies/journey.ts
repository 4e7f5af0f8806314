/**
 * What the general way keeps of a request: calls that go the straight way need none of it.
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

/** Where an attempt goes. */
export interface Target {
  readonly lane: Lane;
  /** The mirror that it is at; absent where there are no several of them. */
  readonly mirror?: Mirror | undefined;
  /** The absolute URL. */
  readonly url: string;
  /** All headers, the client's and the mirror's included. */
  readonly headers: HeaderMap;
  /** Lower-case names of headers that must not reach another origin. */
  readonly sensitive: ReadonlySet<string>;
}

/** A redirect that was followed on the way to a response. Times are in milliseconds since 1970. */
export interface Hop {
  /** What it answered. */
  readonly from: Pick<RedirectedRequest, "method" | "url">;
  /** Where it led. */
  readonly to: Pick<RedirectedRequest, "method" | "url">;
  readonly status: number;
  readonly headers: Headers;
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
}

/** What the cache needs to know of the latest attempt. Times are in milliseconds since 1970. */
export interface Exchange {
  /** Whether the body is stored, so that it is needed as bytes. */
  readonly keepsBody: boolean;
  /** Whether it replaces something stale, or whatever there is: a browser's own cache must not answer without asking. Absent if not. */
  readonly asksAnew?: boolean | undefined;
  /** When the request was sent that got the response. */
  sentAtMs: number;
  answeredAtMs: number;
  /** The redirects before it, as far as the runtime shows them; absent if there were none. */
  hops?: Hop[] | undefined;
}

/** What has become of the first attempt, where that was made before the call came here. */
export interface Opening {
  /** What the attempt holds; absent if it holds nothing that has to be given back. */
  readonly admission?: Admission | undefined;
  readonly response?: Response | undefined;
  /** What becomes of one that is still in flight; then there is neither response nor error. */
  readonly answer?: Promise<Response> | undefined;
  /** What another one was admitted with, that is to be sent beside it. */
  readonly rival?: Admission | undefined;
  readonly error?: unknown;
}

/** What has become of a call so far on the general way: its rounds, its latest attempt, and what the cache has to do with it. */
export class Journey {
  /** The present round, from 1. */
  round = 1;
  /** How many have followed the first, also those that do not count as rounds. */
  retries = 0;
  /** Whether the network has failed: at a mirror, or for another request for the same that it waited for. */
  hasSeenFailure = false;
  /** Whether it goes before those that were never sent: it was, and told to come again. */
  isUrgent = false;
  /** Whether its attempt was ended once for the sake of others. */
  hasGivenWay = false;
  /** Whether its latest attempt has failed late. */
  isCostly = false;
  /** How often it was told to come again. */
  refusals = 0;
  /** Whether it was told to come again at once, and did. */
  hasComeAtOnce = false;
  /** Why it ends with what it has, although that was worth another try. */
  notRetried: string | undefined = undefined;
  /** When one of its own attempts began that its origin answered last, though it was of no help; on the client's clock. */
  answeredAtMs: number = -Infinity;
  /** When it had failed for the first time, on the client's clock. */
  failingSinceMs: number = Infinity;
  /** Whether its latest attempt went without the budget to find out whether the client's network is back. */
  isScouting = false;
  /** Whether it was woken early to find out how its origin is, where no other request asks it. */
  isTesting = false;
  /** The round in which it was woken so last. */
  testedInRound = 0;
  /** Whether its latest attempt went ahead to find out whether the origin is back. */
  isProbing = false;
  /** What the attempt in flight is sent to, or was. */
  target: Target | undefined = undefined;
  /** What has become of an attempt on the straight way. */
  opening: Opening | undefined = undefined;
  /** When an attempt on the straight way is written off that the call has left, and whether its permit was given to others. */
  writeOff: Deadline | undefined = undefined;
  isWrittenOff = false;
  /** What it was admitted with before it came here. */
  granted: Admission | undefined = undefined;
  /** The request's own headers, and the conditions of the cache. */
  ownHeaders: HeaderMap | undefined = undefined;
  /** Whether the cache has added conditions: a 304 is then for the cache, and no value. */
  isValidating = false;
  /** Where middleware runs, also around an attempt that is sent because another one is slow; absent if there is none of these. */
  scope: CallerScope | undefined = undefined;
  /** What is noted of the latest attempt; absent when the cache has no use for it. */
  exchange: Exchange | undefined = undefined;
  /** What it has failed of so far, and goes on from; noted only if it or its batch has a deadline. */
  failure: unknown = undefined;
  /** Aborts when the work is of no use any more; made when it is first needed. */
  controller: AbortController | undefined = undefined;
}

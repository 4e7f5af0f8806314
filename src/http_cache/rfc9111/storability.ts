/**
 * Storability: which responses the cache may store.
 *
 * @module
 */

import { isRetryableStatus } from "../../http/classify.ts";
import type { HeaderMap } from "../../http/headers.ts";
import { type CacheControl, isNoCache, parseCacheControl, requestDirectives } from "./cache_control.ts";
import type { Fields } from "./fields.ts";
import { allowsHeuristic, hasExplicitFreshness } from "./freshness.ts";
import { varyNames } from "./vary.ts";

/** A request and its response. */
export interface StorabilityInput {
  /** The method, upper case. */
  readonly method: string;
  /** All headers of the request. */
  readonly headers: HeaderMap;
  readonly status: number;
  /** The response's fields. */
  readonly fields: Fields;
  /** How long the response is fresh if the server does not say, in milliseconds; 0 forbids storing it then. By default a guess. */
  readonly fallbackMs?: number | undefined;
}

/** Statuses that this cache understands, as `must-understand` demands. */
const UNDERSTOOD: ReadonlySet<number> = new Set([
  200,
  203,
  204,
  300,
  301,
  302,
  303,
  307,
  308,
  404,
  405,
  410,
  414,
  501,
]);
/**
 * Statuses that refuse a request, and say nothing about the resource: the server may admit the caller a moment later. No cache
 * may store a 428, 431 or 511 (RFC 6585): a network that asks for a login answers 511 for every URL.
 */
const REFUSALS: ReadonlySet<number> = new Set([401, 403, 407, 421, 425, 428, 431, 511]);
/** Statuses that the cache never stores: refusals, partial responses, and answers to a validation. */
const NEVER: ReadonlySet<number> = new Set([...REFUSALS, 206, 304]);

/**
 * Whether a private cache may store a response (RFC 9111 §3). Stricter than the RFC, this cache never stores a refusal or a
 * status that is worth a retry, whatever the server says. This function ignores credentials in the request.
 *
 * @param exchange The request and its response.
 * @returns Whether it may.
 */
export function isStorable({ method, headers, status, fields, fallbackMs }: StorabilityInput): boolean {
  if (method !== "GET" || "range" in headers || !isStorableStatus(status)) return false;
  if (requestDirectives(headers).has("no-store")) return false;
  const directives = parseCacheControl(fields.get("cache-control"));
  if (forbidsStoring(status, directives) || varyNames(fields) === undefined) return false;
  if (hasExplicitFreshness(fields, directives)) return true;
  if (fallbackMs !== undefined) return fallbackMs > 0 || isNoCache(directives);
  return allowsHeuristic(status, directives) || directives.has("private");
}

/**
 * Whether the cache may store responses of a status at all.
 *
 * @param status The status.
 * @returns Whether they may.
 */
function isStorableStatus(status: number): boolean {
  return status >= 200 && status <= 599 && !NEVER.has(status) && !isRetryableStatus(status);
}

/**
 * Whether a status refuses the request and says nothing about the resource. The cache does not store such a response, and keeps
 * the stored one.
 *
 * @param status The status.
 * @returns Whether it does.
 */
export function isRefusalStatus(status: number): boolean {
  return REFUSALS.has(status);
}

/** RFC 9111 §5.2.2.3: a cache that understands `must-understand` and the status may ignore `no-store`. */
function forbidsStoring(status: number, directives: CacheControl): boolean {
  if (directives.has("must-understand")) return !UNDERSTOOD.has(status);
  return directives.has("no-store");
}

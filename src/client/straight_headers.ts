/**
 * Decides which requests may go the straight way, and makes the headers that all of them carry.
 *
 * @module
 */

import { type HeaderMap, isEmpty, mergeHeaders, needsOwnRedirects, NO_HEADERS } from "../http/headers.ts";
import { asksServer } from "../policies/cache_mode.ts";
import { withAccept } from "../policies/default_headers.ts";
import type { Settings } from "../policies/settings.ts";
import type { Pipeline } from "./pipeline.ts";

/**
 * Makes the headers of requests that go the straight way without headers of their own.
 *
 * @param pipeline The client's pipeline.
 * @param settings The settings of the requests.
 * @param headers The headers of their context.
 * @returns All of their headers; `undefined` if they can't go the straight way.
 */
export function straightHeaders(
  { environment, isStraight, mirrors, sensitive, headers: common }: Pipeline,
  { maxBodyBytes, onProgress, cache, as }: Settings,
  headers: HeaderMap,
): HeaderMap | undefined {
  if (!isStraight || maxBodyBytes !== Infinity || onProgress !== undefined) return undefined;
  if (cache === "only-if-cached" || asksServer(cache)) return undefined;
  // With one base URL, a relative request is as plain as any other. If that mirror has headers of its own, they must not go
  // elsewhere.
  const base = mirrors.length === 1 ? mirrors[0]! : undefined;
  if (mirrors.length > 1 || (base !== undefined && base.headers !== common)) return undefined;
  // A call in line must hear when the mirrors change, which is for the general way.
  if (base?.inLine !== undefined) return undefined;
  const all = withAccept(mergeHeaders(common, headers), as);
  if (!environment.runtime.showsRedirects && needsOwnRedirects(all, sensitive)) return undefined;
  return isEmpty(all) ? NO_HEADERS : all;
}

/**
 * Which requests may go the straight way, and what all of them carry.
 *
 * @module
 */

import { type HeaderMap, isEmpty, mergeHeaders, needsOwnRedirects, NO_HEADERS } from "../http/headers.ts";
import { withAccept } from "../policies/default_headers.ts";
import type { Settings } from "../policies/settings.ts";
import type { Pipeline } from "./pipeline.ts";

/**
 * The headers of requests that have no own ones and go the straight way.
 *
 * @param pipeline What the client works with.
 * @param settings What holds for the requests.
 * @param headers The headers of what they are a part of.
 * @returns All of their headers; `undefined` if they can't go the straight way.
 */
export function straightHeaders(
  { environment, isStraight, mirrors, sensitive, headers: common }: Pipeline,
  { maxBodyBytes, onProgress, cache, as }: Settings,
  headers: HeaderMap,
): HeaderMap | undefined {
  if (!isStraight || maxBodyBytes !== Infinity || onProgress !== undefined || cache === "only-if-cached") {
    return undefined;
  }
  // With one base URL a relative request is as plain as any; its headers are not for requests that go elsewhere.
  const base = mirrors.length === 1 ? mirrors[0]! : undefined;
  if (mirrors.length > 1 || (base !== undefined && base.headers !== common)) return undefined;
  // A call in line must hear of it when the mirrors change.
  if (base?.inLine !== undefined) return undefined;
  const all = withAccept(mergeHeaders(common, headers), as);
  if (!environment.runtime.showsRedirects && needsOwnRedirects(all, sensitive)) return undefined;
  return isEmpty(all) ? NO_HEADERS : all;
}

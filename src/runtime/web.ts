/**
 * Browsers, and any other runtime that has a `fetch`.
 *
 * @module
 */

import type { Runtime } from "./contract.ts";

const { userAgent = "" } =
  (globalThis as { readonly navigator?: { readonly userAgent?: string } }).navigator ?? {};

/** Returns whether this is a page or one of its workers. Workers at the edge have some of the same globals. */
function isBrowser(): boolean {
  return userAgent !== "Cloudflare-Workers" &&
    ("document" in globalThis || "WorkerGlobalScope" in globalThis);
}

/** A runtime of which nothing but the web's interfaces is known. */
export const webRuntime: Runtime = {
  name: "web",
  maxConcurrentRequests: Infinity,
  timersBelongToRequests: userAgent === "Cloudflare-Workers",
  negotiatesHttp2: false,
  decodes: () => false,
  decodesIdentity: true,
  showsRedirects: !isBrowser(),
  isOutOfDescriptors: () => false,
  isRedirectFailure: () => false,
  // Electron may have timer objects. A browser has numbers, and its timers keep nothing alive.
  unref: (timer) => void (timer as { unref?(): void }).unref?.(),
  env: () => undefined,
};

interface PageGlobals {
  readonly document?: { readonly baseURI?: string } | undefined;
  readonly location?: { readonly href?: string } | undefined;
}

/** Returns the base of relative URLs, the same as for `fetch`; `undefined` where there is no page. */
export function pageUrl(): string | undefined {
  const { document, location } = globalThis as PageGlobals;
  return document?.baseURI ?? location?.href;
}

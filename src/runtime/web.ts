/**
 * Browsers, their pages, and whatever else has a `fetch`.
 *
 * @module
 */

import type { Runtime } from "./contract.ts";

const { userAgent = "" } =
  (globalThis as { readonly navigator?: { readonly userAgent?: string } }).navigator ?? {};

/** Pages and their workers; workers at the edge have some of the same globals. */
function isBrowser(): boolean {
  return userAgent !== "Cloudflare-Workers" &&
    ("document" in globalThis || "WorkerGlobalScope" in globalThis);
}

/** A runtime that is known by the web's interfaces alone. */
export const webRuntime: Runtime = {
  name: "web",
  maxConcurrentRequests: Infinity,
  timersBelongToRequests: userAgent === "Cloudflare-Workers",
  negotiatesHttp2: false,
  decodes: new Set(),
  decodesIdentity: true,
  showsRedirects: !isBrowser(),
  isOutOfDescriptors: () => false,
  isRedirectFailure: () => false,
  // Electron may have objects for timers; what browsers do not keep alive needs nothing.
  unref: (timer) => void (timer as { unref?(): void }).unref?.(),
  env: () => undefined,
};

interface PageGlobals {
  readonly document?: { readonly baseURI?: string } | undefined;
  readonly location?: { readonly href?: string } | undefined;
}

/** What relative URLs resolve against, as for `fetch`; `undefined` where there is no page. */
export function pageUrl(): string | undefined {
  const { document, location } = globalThis as PageGlobals;
  return document?.baseURI ?? location?.href;
}

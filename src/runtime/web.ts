/**
 * Browsers, and whatever else has a `fetch`.
 *
 * @module
 */

import type { Runtime } from "./contract.ts";

const { userAgent = "" } =
  (globalThis as { readonly navigator?: { readonly userAgent?: string } }).navigator ?? {};

/** A runtime that is known by the web's interfaces alone. */
export const webRuntime: Runtime = {
  name: "web",
  maxConcurrentRequests: Infinity,
  timersBelongToRequests: userAgent === "Cloudflare-Workers",
  negotiatesHttp2: false,
  env: () => undefined,
};

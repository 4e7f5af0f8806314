/**
 * Browsers, and whatever else has a `fetch`.
 *
 * @module
 */

import type { Runtime } from "./contract.ts";

/** A runtime that is known by the web's interfaces alone. */
export const webRuntime: Runtime = {
  name: "web",
  maxConcurrentRequests: Infinity,
  negotiatesHttp2: false,
  env: () => undefined,
};

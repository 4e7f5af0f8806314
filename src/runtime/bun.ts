/**
 * Bun.
 *
 * @module
 */

import type { Runtime } from "./contract.ts";

interface BunGlobal {
  readonly env: Readonly<Record<string, string | undefined>>;
}

const { env = {} } = (globalThis as { readonly Bun?: BunGlobal }).Bun ?? {};

/** Bun's default, over all hosts together; the variable raises it, but only from outside the process. */
const DEFAULT_MAX_REQUESTS = 256;

/** Bun. */
export const bunRuntime: Runtime = {
  name: "bun",
  maxConcurrentRequests: Number(env.BUN_CONFIG_MAX_HTTP_REQUESTS) || DEFAULT_MAX_REQUESTS,
  timersBelongToRequests: false,
  negotiatesHttp2: false,
  env: (name) => env[name],
};

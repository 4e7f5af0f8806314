/**
 * Deno.
 *
 * @module
 */

import type { Runtime } from "./contract.ts";

/** Deno, on servers and at the edge. */
export const denoRuntime: Runtime = {
  name: "deno",
  maxConcurrentRequests: Infinity,
  timersBelongToRequests: false,
  negotiatesHttp2: true,
  env(name) {
    try {
      // Reading without permission would stop the program with a question to the user.
      const { state } = Deno.permissions.querySync({ name: "env", variable: name });
      return state === "granted" ? Deno.env.get(name) : undefined;
    } catch {
      // The edge has no permissions to ask for, and may have no environment.
      return undefined;
    }
  },
};

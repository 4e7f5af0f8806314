/**
 * Deno, as a runtime.
 *
 * @module
 */

import type { Runtime } from "./contract.ts";

interface Unrefable {
  unref?(): void;
}

/** Matches the stack of an error that `fetch` itself has thrown, or the parser of a URL to which a redirect leads. */
const OF_REDIRECT = /^.*\n.*\bext:deno_fetch\/\d+_fetch\.js|\bhttpRedirectFetch \(ext:deno_fetch\//;

/** Deno, on servers and at the edge. */
export const denoRuntime: Runtime = {
  name: "deno",
  maxConcurrentRequests: Infinity,
  timersBelongToRequests: false,
  negotiatesHttp2: true,
  decodes: ([coding, ...others]) => (coding === "gzip" || coding === "br") && others.length === 0,
  decodesIdentity: false,
  showsRedirects: true,
  isOutOfDescriptors(error) {
    // Deno's error has no code, only this text. EMFILE is 24 and ENFILE 23, on Linux as on macOS.
    const { cause } = (error ?? {}) as { readonly cause?: unknown };
    return cause instanceof Error && /\bos error 2[34]\b/.test(cause.message);
  },
  isRedirectFailure(error) {
    // The error has no code and no class of its own. But unlike a network error it has no cause, and unlike a mock's error it
    // comes from Deno's code.
    return error instanceof TypeError && error.cause === undefined && OF_REDIRECT.test(error.stack ?? "");
  },
  unref: (timer) => typeof timer === "number" ? Deno.unrefTimer(timer) : (timer as Unrefable).unref?.(),
  env(name) {
    try {
      return isGranted({ name: "env", variable: name }) ? Deno.env.get(name) : undefined;
    } catch {
      // At the edge there are no permissions to query, and maybe no environment.
      return undefined;
    }
  },
};

/**
 * Returns whether a permission is granted. Call it before any use of a permission: without a grant, the use would stop the
 * program with a question to the user.
 */
export function isGranted(permission: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(permission).state === "granted";
}

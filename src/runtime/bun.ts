/**
 * Bun, as a runtime.
 *
 * @module
 */

import type { Runtime } from "./contract.ts";
import { codeOf, isOutOfDescriptors } from "./error_code.ts";

interface BunGlobal {
  readonly env: Readonly<Record<string, string | undefined>>;
}

const { env = {} } = (globalThis as { readonly Bun?: BunGlobal }).Bun ?? {};

/** Bun's default limit for all hosts together. The environment variable raises it, but only if it is set before the process starts. */
const DEFAULT_MAX_REQUESTS = 256;

/** The content codings that Bun decodes, if there is no other one beside them. */
const DECODED: ReadonlySet<string> = new Set(["gzip", "x-gzip", "br", "deflate", "zstd"]);

const REDIRECT_FAILURES: ReadonlySet<unknown> = new Set([
  "TooManyRedirects",
  "UnexpectedRedirect",
  "InvalidRedirectURL",
  "RedirectURLInvalid",
  "RedirectURLTooLong",
  "UnsupportedRedirectProtocol",
]);

/** Bun. */
export const bunRuntime: Runtime = {
  name: "bun",
  maxConcurrentRequests: Number(env.BUN_CONFIG_MAX_HTTP_REQUESTS) || DEFAULT_MAX_REQUESTS,
  timersBelongToRequests: false,
  negotiatesHttp2: false,
  decodes(codings) {
    const [coding = "", ...others] = codings.filter((each) => each !== "identity");
    return DECODED.has(coding) && others.length === 0;
  },
  decodesIdentity: true,
  showsRedirects: true,
  isOutOfDescriptors,
  isRedirectFailure: (error) => REDIRECT_FAILURES.has(codeOf(error)),
  unref: (timer) => void (timer as { unref?(): void }).unref?.(),
  env: (name) => env[name],
};

/**
 * Node.
 *
 * @module
 */

import type { Runtime } from "./contract.ts";
import { nodeProcess } from "./node_process.ts";
import { pageUrl } from "./page_url.ts";

const OUT_OF_DESCRIPTORS: ReadonlySet<unknown> = new Set(["EMFILE", "ENFILE"]);

/** Node, whose `fetch` says what went wrong in the cause of its error. */
export const nodeRuntime: Runtime = {
  name: "node",
  maxConcurrentRequests: Infinity,
  timersBelongToRequests: false,
  negotiatesHttp2: false,
  decodes: new Set(["gzip", "x-gzip", "br", "deflate"]),
  decodesIdentity: true,
  showsRedirects: true,
  baseUrl: pageUrl,
  isOutOfDescriptors(error) {
    const { cause } = (error ?? {}) as { readonly cause?: { readonly code?: unknown } | null | undefined };
    return OUT_OF_DESCRIPTORS.has(cause?.code);
  },
  isRedirectFailure: () => false,
  unref: (timer) => void (timer as { unref?(): void }).unref?.(),
  env: (name) => nodeProcess()?.env[name],
};

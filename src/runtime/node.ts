/**
 * Node.js, and its `process`, which other runtimes imitate.
 *
 * @module
 */

import type { Runtime } from "./contract.ts";
import { isOutOfDescriptors } from "./error_code.ts";

/** The part of `globalThis.process` that is used here. */
export interface NodeProcess {
  /** The operating system. */
  readonly platform: string;
  /** The environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The versions of the parts of the runtime. */
  readonly versions: {
    readonly node?: string | undefined;
    readonly electron?: string | undefined;
    readonly undici?: string | undefined;
  };
}

interface NodeGlobals {
  readonly process?: NodeProcess | undefined;
  readonly navigator?: { readonly userAgent?: string | undefined } | undefined;
}

/**
 * Returns the process if the program runs on Node itself. Returns `undefined` on Deno, on Bun and in workers at the edge, which
 * have a `process` too, and in Electron, whose pages send requests as browsers do.
 */
export function nodeProcess(): NodeProcess | undefined {
  if ("Bun" in globalThis || "Deno" in globalThis) return undefined;
  const { process, navigator } = globalThis as NodeGlobals;
  const { node, electron } = process?.versions ?? {};
  const isNode = node !== undefined && electron === undefined;
  return isNode && navigator?.userAgent !== "Cloudflare-Workers" ? process : undefined;
}

/** The content codings that every version of Node decodes. */
const DECODED: ReadonlySet<string> = new Set(["gzip", "x-gzip", "br", "deflate"]);

/** Node, whose `fetch` tells the reason of a failure in the `cause` of its error. */
export const nodeRuntime: Runtime = {
  name: "node",
  maxConcurrentRequests: Infinity,
  timersBelongToRequests: false,
  negotiatesHttp2: false,
  decodes: (codings) => codings.length > 0 && codings.every(isDecoded),
  decodesIdentity: true,
  showsRedirects: true,
  isOutOfDescriptors: (error) =>
    isOutOfDescriptors((error as { readonly cause?: unknown } | null | undefined)?.cause),
  isRedirectFailure: () => false,
  unref: (timer) => void (timer as { unref?(): void }).unref?.(),
  env: (name) => nodeProcess()?.env[name],
};

/** Whether Node decodes a content coding, alone or beside others: Zstandard from version 7.11 of its HTTP client, undici, on. */
function isDecoded(coding: string): boolean {
  if (coding !== "zstd") return DECODED.has(coding);
  const [major = 0, minor = 0] = nodeProcess()?.versions.undici?.split(".").map(Number) ?? [];
  return major > 7 || (major === 7 && minor >= 11);
}

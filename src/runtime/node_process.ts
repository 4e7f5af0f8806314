/**
 * The process of Node, whose globals other runtimes imitate.
 *
 * @module
 */

/** The part of `globalThis.process` that is used here. */
export interface NodeProcess {
  /** The operating system. */
  readonly platform: string;
  /** The environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the process consists of. */
  readonly versions: { readonly node?: string | undefined; readonly electron?: string | undefined };
}

interface NodeGlobals {
  readonly process?: NodeProcess | undefined;
  readonly navigator?: { readonly userAgent?: string | undefined } | undefined;
}

/**
 * The process, where the program runs on Node itself; `undefined` on Deno, on Bun and in workers at the edge, which have a `process`
 * too, and in Electron, whose pages fetch as browsers do.
 */
export function nodeProcess(): NodeProcess | undefined {
  if ("Bun" in globalThis || "Deno" in globalThis) return undefined;
  const { process, navigator } = globalThis as NodeGlobals;
  const { node, electron } = process?.versions ?? {};
  const isNode = node !== undefined && electron === undefined;
  return isNode && navigator?.userAgent !== "Cloudflare-Workers" ? process : undefined;
}

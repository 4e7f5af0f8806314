/**
 * Rivals, loaded when they are needed: one that can't be had must not keep the others from being measured.
 *
 * @module
 */

/** The modules in `bench/rivals`, by name. */
export interface Rivals {
  readonly "async_sema": typeof import("../rivals/async_sema.ts");
  readonly "axios": typeof import("../rivals/axios.ts");
  readonly "bottleneck": typeof import("../rivals/bottleneck.ts");
  readonly "cockatiel": typeof import("../rivals/cockatiel.ts");
  readonly "ffetch": typeof import("../rivals/ffetch.ts");
  readonly "got": typeof import("../rivals/got.ts");
  readonly "ky": typeof import("../rivals/ky.ts");
  readonly "limiter": typeof import("../rivals/limiter.ts");
  readonly "ofetch": typeof import("../rivals/ofetch.ts");
  readonly "opossum": typeof import("../rivals/opossum.ts");
  readonly "p_limit": typeof import("../rivals/p_limit.ts");
  readonly "pooled_map": typeof import("../rivals/pooled_map.ts");
}

/** A rival can't be loaded here. */
export class RivalUnavailableError extends Error {
  override readonly name = "RivalUnavailableError";
}

/**
 * Loads a rival.
 *
 * @throws {RivalUnavailableError} If that does not work, most likely because its package can't be reached.
 */
export async function loadRival<N extends keyof Rivals>(name: N): Promise<Rivals[N]> {
  // On Bun this module and the rivals are bundles, each of its own.
  const suffix = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const url = new URL(`../rivals/${name}.${suffix}`, import.meta.url).href;
  try {
    return await import(url);
  } catch (cause) {
    const why = suffix === "js" ? "it could not be bundled" : firstLine(cause);
    throw new RivalUnavailableError(`${name} can't be loaded: ${why}`, { cause });
  }
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split("\n")[0]!;
}

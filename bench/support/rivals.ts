/**
 * Loads rivals when a benchmark needs them, so that a rival that can't be loaded does not stop the other measurements.
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

/** Reports that a rival can't be loaded here. */
export class RivalUnavailableError extends Error {
  override readonly name = "RivalUnavailableError";
}

/**
 * Loads a rival.
 *
 * @throws {RivalUnavailableError} If the import fails, most likely because the package can't be downloaded.
 */
export async function loadRival<N extends keyof Rivals>(name: N): Promise<Rivals[N]> {
  // On Bun, this module and each rival are separate bundles.
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

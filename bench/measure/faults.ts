/**
 * What becomes of a batch when the service is not perfect? All contenders run side by side, each with origins of its own:
 * they wait nearly all of the time.
 *
 * @module
 */

// First, so that everybody's requests are counted.
import { requestsTo } from "../support/counted_fetch.ts";
import process from "node:process";
import { type Contender, createContender } from "../support/contenders.ts";
import { program } from "../support/program.ts";
import { RivalUnavailableError } from "../support/rivals.ts";
import { type SceneName, SCENES } from "../support/scenes.ts";

/** Options. */
export interface FaultsOptions {
  readonly scene: SceneName;
  /** The contenders, and the URLs of their origins. */
  readonly origins: Readonly<Partial<Record<Contender, readonly string[]>>>;
  /** When to stop looking, in milliseconds. */
  readonly limitMs: number;
}

/** What became of one contender's batch. */
export interface FaultsResult {
  /** How many values came. */
  readonly came: number;
  /** When the last value came, in milliseconds since the start; 0 if none came. */
  readonly lastMs: number;
  /** When the last value of the first origin came. */
  readonly firstOriginMs: number;
  /** When the batch ended; missing if it had not when the time was over. */
  readonly endedMs?: number | undefined;
  /** How many requests the last origin saw, the one in trouble, for each of its URLs. */
  readonly requestsPerUrl: number;
}

/** What became of whom, ours first; a rival that can't be loaded is missing. */
export type FaultsResults = Readonly<{ [C in Contender]?: FaultsResult }>;

await program(async ({ scene, origins, limitMs }: FaultsOptions): Promise<FaultsResults> => {
  const contenders = Object.entries(origins) as [Contender, readonly string[]][];
  const running = contenders.map(async ([name, own]) => {
    try {
      return [[name, await resultOf(name, { scene, origins: own, limitMs })] as const];
    } catch (error) {
      if (error instanceof RivalUnavailableError) return [];
      throw error;
    }
  });
  return Object.fromEntries((await Promise.all(running)).flat());
});
// Some may still be waiting.
process.exit();

interface OwnScene {
  readonly scene: SceneName;
  readonly origins: readonly string[];
  readonly limitMs: number;
}

async function resultOf(name: Contender, { scene, origins, limitMs }: OwnScene): Promise<FaultsResult> {
  const settleAll = await createContender(name);
  const urls = Array.from(
    { length: SCENES[scene].urls },
    (_, index) => `${origins[index % origins.length]}/${index}`,
  );
  let [came, lastMs, firstOriginMs] = [0, 0, 0];
  const startedAt = performance.now();
  const batch = settleAll(urls, (index, ok) => {
    if (!ok) return;
    came++;
    lastMs = performance.now() - startedAt;
    if (index % origins.length === 0) firstOriginMs = lastMs;
  });
  const endedMs = await Promise.race([
    batch.then(() => performance.now() - startedAt),
    new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), limitMs)),
  ]);
  const requestsPerUrl = requestsTo(origins.at(-1)!) / (urls.length / origins.length);
  return { came, lastMs, firstOriginMs, endedMs, requestsPerUrl };
}

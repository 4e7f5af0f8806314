/**
 * How many values does a batch get, and how soon, when the service has faults? All contenders run at the same time, each
 * with origins of its own. They don't disturb one another, because they wait nearly all of the time.
 *
 * @module
 */

// Import this module first, so that it counts the requests of clients that keep a reference to `fetch`.
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
  /** The time after which to stop measuring, in milliseconds. */
  readonly limitMs: number;
}

/** The result of one contender's batch. */
export interface FaultsResult {
  /** The number of values that arrived. */
  readonly came: number;
  /** The time when the last value arrived, in milliseconds since the start; 0 if no value arrived. */
  readonly lastMs: number;
  /** The time when the last value of the first origin arrived, like `lastMs`. */
  readonly firstOriginMs: number;
  /** The time when the batch ended, in milliseconds since the start; missing if it did not end within the limit. */
  readonly endedMs?: number | undefined;
  /** The number of requests sent to the last origin, which is the one in trouble, for each of its URLs. */
  readonly requestsPerUrl: number;
}

/** The result of each contender, ours first; a rival that can't be loaded is missing. */
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
// Exit now: a contender whose time is over may still be waiting.
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

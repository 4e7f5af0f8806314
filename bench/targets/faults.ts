/**
 * T10: how many values a batch gets, and how soon, when the service has faults.
 *
 * @module
 */

import type { FaultsOptions, FaultsResult, FaultsResults } from "../measure/faults.ts";
import { CONTENDERS } from "../support/contenders.ts";
import { type Scene, type SceneName, SCENES } from "../support/scenes.ts";
import { startFaultsServer } from "../support/server.ts";
import { spreadOf } from "../support/statistics.ts";
import { runProgram } from "./bench_runtime.ts";
import type { Row, Target, TargetContext } from "./target.ts";

/** The number of scenes that run at once; they don't disturb one another, because they wait nearly all of the time. */
const SCENES_AT_ONCE = 4;
const QUICK_SCENES: readonly SceneName[] = [
  "well",
  "blip",
  "outage of 3 s",
  "first tries",
  "throttled",
  "paused",
  "dead",
  "mistyped",
];

/** T10. */
export const faultsTarget: Target = {
  id: "T10",
  title: "2,000 URLs of a service that is not perfect, 50 ms each, 20 at once, all defaults on",
  async *rows(context) {
    const names = context.quick ? QUICK_SCENES : Object.keys(SCENES) as SceneName[];
    const running = runScenes(context, names);
    // The first scene is `well`: it shows how much the requests cost on this machine without faults.
    const well = await running[0]!;
    for (const [index, name] of names.entries()) yield* sceneRows(name, await running[index]!, well);
  },
};

/** Runs all scenes, each in a process of its own, and returns a promise for each. */
function runScenes(context: TargetContext, names: readonly SceneName[]): Promise<FaultsResults>[] {
  const scenes = names.map((name) => ({ name, ...Promise.withResolvers<FaultsResults>() }));
  const source = scenes.values();
  const work = async (): Promise<void> => {
    for (const { name, resolve, reject } of source) await runScene(context, name).then(resolve, reject);
  };
  for (let index = 0; index < SCENES_AT_ONCE; index++) work();
  return scenes.map(({ promise }) => promise);
}

async function runScene({ runtime, quick }: TargetContext, scene: SceneName): Promise<FaultsResults> {
  // If no value can arrive, a rival can't show a better result, and its DNS lookups would delay ours.
  const contenders = SCENES[scene].possible === 0 ? ["ours" as const] : CONTENDERS;
  await using server = await startFaultsServer(scene, contenders);
  const options: FaultsOptions = { scene, origins: server.origins, limitMs: quick ? 25_000 : 45_000 };
  return await runProgram(runtime, "faults", options);
}

function* sceneRows(name: SceneName, results: FaultsResults, well: FaultsResults): Iterable<Row> {
  const scene = SCENES[name];
  const ours = results.ours!;
  if (scene.possible > 0) {
    yield cameRow(scene, results);
    yield timeRow(scene, results, well);
  } else {
    yield endRow(scene, ours);
  }
  if (scene.origins.length === 2 && name !== "well") {
    yield {
      question: `${scene.title}: last value of the origin that is well : where both are well`,
      bound: { atMost: 1.1 },
      unit: "×",
      measured: spreadOf([ours.firstOriginMs / well.ours!.firstOriginMs]),
      detail: `s: ${eachOf(results, ({ firstOriginMs }) => seconds(firstOriginMs))}`,
    };
  }
  if (scene.maxRequestsPerUrl === undefined) return;
  yield {
    question: `${scene.title}: requests to the origin in trouble : its URLs`,
    bound: { atMost: scene.maxRequestsPerUrl },
    unit: "×",
    measured: spreadOf([ours.requestsPerUrl]),
    detail: eachOf(results, ({ requestsPerUrl }) => requestsPerUrl.toFixed(2)),
  };
}

function cameRow({ title, possible }: Scene, results: FaultsResults): Row {
  return {
    question: `${title}: values that came : that can come`,
    bound: { atLeast: 1 },
    unit: "×",
    measured: spreadOf([results.ours!.came / possible]),
    detail: `of ${possible.toLocaleString("en")}: ${
      eachOf(results, ({ came }) => came.toLocaleString("en"))
    }`,
  };
}

/**
 * Compares the time of the last value with that of the best rival that loses no value. If all rivals lose values, compares
 * it with the least possible time of the scene, plus the cost of the requests on this machine, taken from the scene `well`.
 */
function timeRow({ title, possible, floorMs }: Scene, results: FaultsResults, well: FaultsResults): Row {
  const ours = results.ours!;
  const complete = rivalsOf(results).filter(({ came }) => came === possible);
  const leastMs = floorMs + Math.min(...Object.values(well).map(({ lastMs }) => lastMs)) -
    SCENES.well.floorMs;
  const theirMs = Math.min(
    ...complete.map(({ lastMs }) => lastMs),
    ...complete.length === 0 ? [leastMs] : [],
  );
  const notes = [
    `s: ${eachOf(results, ({ lastMs }) => seconds(lastMs))}`,
    `the least ${seconds(leastMs)}`,
    ours.endedMs === undefined ? "ours has not ended in time" : `ours ended after ${seconds(ours.endedMs)} s`,
    ...ours.came < possible ? ["ours lost some, so that its time says nothing"] : [],
  ];
  return {
    question: `${title}: time until the last value : ${
      complete.length > 0 ? "the best rival that loses nothing" : "the least, as every rival loses some"
    }`,
    bound: { atMost: 1.15 },
    unit: "×",
    // A client that loses values is done early, so its time says nothing. A batch that never ends counts as infinite.
    measured: ours.came < possible
      ? undefined
      : spreadOf([ours.endedMs === undefined ? Infinity : ours.lastMs / theirMs]),
    detail: notes.join("; "),
  };
}

function rivalsOf({ ours: _, ...rivals }: FaultsResults): FaultsResult[] {
  return Object.values(rivals);
}

/** Judges a scene in which no value can arrive: the batch must end soon. */
function endRow({ title }: Scene, { endedMs }: FaultsResult): Row {
  const question = `${title}: time until the batch has failed`;
  return {
    question,
    bound: { atMost: 10 },
    unit: "s",
    measured: spreadOf([endedMs === undefined ? Infinity : endedMs / 1_000]),
    detail: endedMs === undefined ? "has not ended in time" : "no rival beside it",
  };
}

function eachOf(results: FaultsResults, show: (result: FaultsResult) => string): string {
  return Object.entries(results).map(([name, result]) => `${name} ${show(result)}`).join(", ");
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}

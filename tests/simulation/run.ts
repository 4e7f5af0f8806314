/**
 * Runs a world: plays the steps of its plan, and checks every rule on the way.
 *
 * @module
 */

import { watch } from "../lanes/model_eyes.ts";
import type { WorldPlan } from "./plan.ts";
import { createRules } from "./rules/all.ts";
import { Stage, type Violation } from "./stage.ts";
import { play } from "./steps.ts";
import { ownControllers } from "./visits.ts";
import { watchUnhandled } from "./unhandled.ts";

/** The most steps of the clock in a run; a run that takes more never ends. */
const MOST_STEPS = 50_000;
/** The most steps at the edge, and with a crowd: there each request polls for itself, which takes many more steps. */
const MOST_LOOKS = 500_000;

/** The result of a run. */
export interface Run {
  readonly plan: WorldPlan;
  /** The broken rules; empty for a run that went well. */
  readonly violations: readonly Violation[];
  /** The latest events, if the run was traced. */
  readonly trace: readonly string[];
  /** The number of requests that callers made. */
  readonly callers: number;
  /** The number of requests that the network saw. */
  readonly sent: number;
  /** A summary of the run as text; the same world always gives the same digest. */
  readonly digest: string;
}

/** Loads all code that loads at first use, so that loading it takes no time in a run. */
export async function warmUp(): Promise<void> {
  const { loadLimitLearning } = await import("../../src/client/learnt_limits.ts");
  const { loadEstimator } = await import("../../src/client/adaptive_lanes.ts");
  await loadEstimator();
  await import("../../src/policies/hedger.ts");
  await import("../../src/client/straight_hedges.ts");
  await import("../../src/streams/lines.ts");
  await import("../../src/streams/events.ts");
  await import("../../src/streams/pages.ts");
  await import("../../src/download/download.ts");
  await loadLimitLearning();
}

/** Runs a world to its end, or until it breaks a rule. */
export async function runWorld(plan: WorldPlan, isTracing = false): Promise<Run> {
  const stage = new Stage(plan, isTracing, play);
  const rules = createRules(stage);
  stage.listener = rules;
  using _owned = plan.client.isWorker ? ownControllers() : undefined;
  using _ = watchUnhandled((reason) => stage.fail("unhandled", `a rejection was not handled: ${reason}`));
  const isFine = () => stage.violations.length === 0;
  const goOn = () => untilQuiet(stage, () => rules.onQuiet());
  try {
    for (const step of plan.steps) stage.clock.at(step.atMs, () => play(stage, step));
    await goOn();
    if (isFine()) rules.atEnd();
    close(stage);
    if (isFine()) await goOn();
    if (isFine()) rules.atClose();
  } catch (error) {
    stage.fail("crash", `${error instanceof Error ? error.stack : error}`);
  }
  watch(undefined);
  const { violations, trace, callers, sent } = stage;
  const digest = `${stage.clock.now()}/${callers.length}/${
    sent.map(({ atMs, status }) => `${atMs}:${status}`)
  }`;
  return { plan, violations, trace, callers: callers.length, sent: sent.length, digest };
}

/** Advances the clock from timer to timer until no timer is left. */
async function untilQuiet(stage: Stage, onQuiet: () => void): Promise<void> {
  const { clock, plan: { client, steps } } = stage;
  const isCrowded = client.isWorker || steps.some(({ what }) => what === "crowd");
  const most = isCrowded ? MOST_LOOKS : MOST_STEPS;
  clock.at(0, () => {});
  for (let step = 0; clock.nextMs < Infinity; step++) {
    if (step === most) return stage.fail("end", `it goes on after ${most} steps`);
    await clock.step();
    if (clock.nextMs > clock.now()) {
      onQuiet();
      stage.endVisits();
    }
    if (stage.violations.length > 0) return;
  }
}

/** Closes the client unless the script has already closed it, and the other client if there is one. */
function close(stage: Stage): void {
  if (!stage.isClosed) play(stage, { what: "close", atMs: 0 });
  stage.sibling?.close();
}

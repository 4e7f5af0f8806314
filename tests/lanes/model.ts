/**
 * A model of what requests go through: seeded random arrivals, faults, aborts, pauses, resizes and closes over lanes,
 * mirrors and batches. Its clock stands still between timers. Rules must hold at every moment.
 *
 * @module
 */

import { Dice } from "../support/dice.ts";
import { watch } from "./model_eyes.ts";
import { drawPlan, type Plan } from "./model_plan.ts";
import { Rules } from "./model_rules.ts";
import { startBatch, startFetch, startSingle } from "./model_work.ts";
import { World } from "./model_world.ts";

/** The most steps of a run: a run that takes more goes round in circles. */
const MOST_STEPS = 50_000;

/** The result of a run. */
export interface Run {
  readonly plan: Plan;
  /** The rules that the run broke; empty for a run that went well. */
  readonly violations: readonly string[];
  /** How many requests the client sent, and how many jobs the callers gave it. */
  readonly sent: number;
  readonly jobs: number;
}

/** Runs the model with a seed; `look` gets its world before anything happens. */
export async function runSeed(seed: number, look: (world: World) => void = () => {}): Promise<Run> {
  const dice = new Dice(seed);
  const plan = drawPlan(seed, dice);
  const world: World = new World(plan, dice, (_, exchange) => {
    rules.onSend(exchange);
    world.maybeMeddle();
  }, meddle);
  const rules: Rules = new Rules(world);
  look(world);
  try {
    script(world, rules);
    await play(world, rules);
    if (world.violations.length === 0) rules.atEnd();
    world.close(false);
    if (world.violations.length === 0) await play(world, rules);
    if (world.violations.length === 0) rules.atClose();
  } catch (error) {
    world.fail(`${error instanceof Error ? error.stack : error}`);
  }
  watch(undefined);
  return { plan, violations: world.violations, sent: world.server.sent.length, jobs: world.jobs.size };
}

/** Fires timer after timer until none is left. */
async function play(world: World, rules: Rules): Promise<void> {
  const { clock } = world;
  clock.at(0, () => {});
  for (let step = 0; clock.nextMs < Infinity; step++) {
    if (step === MOST_STEPS) throw new Error(`it goes on after ${MOST_STEPS} steps`);
    await clock.step();
    if (clock.nextMs > clock.now()) rules.onQuiet();
    if (world.violations.length > 0) return;
  }
}

/** Schedules all that happens from outside: arrivals, aborts, the close, resizes, and permits that other users take. */
function script(world: World, rules: Rules): void {
  const { plan, dice, clock, controllers } = world;
  for (let index = 0; index < plan.works; index++) {
    clock.at(dice.int(0, plan.lastsMs), () => startSomething(world));
  }
  for (const controller of controllers) {
    if (dice.chance(0.7)) clock.at(dice.int(0, plan.lastsMs + 2_000), () => world.abort(controller));
  }
  if (plan.closesAtMs !== undefined) clock.at(plan.closesAtMs, () => world.close(plan.hasSignal));
  if (plan.isSemaphoreShared) {
    for (let index = dice.int(0, 6); index > 0; index--) {
      clock.at(dice.int(0, plan.lastsMs + 1_000), () => world.semaphore.resize(dice.int(1, 6)));
    }
    for (let index = dice.int(0, 10); index > 0; index--) {
      clock.at(dice.int(0, plan.lastsMs + 1_000), () => world.borrow(dice.int(1, 3), dice.int(1, 500)));
    }
    // However small the semaphore has become, it must in the end have room for the heaviest claim.
    clock.at(plan.lastsMs + 1_001, () => world.semaphore.resize(dice.int(3, 6)));
  }
  if (plan.rate?.kind === "shared") {
    for (let index = dice.int(0, 10); index > 0; index--) {
      clock.at(dice.int(0, plan.lastsMs), () => {
        if (world.bucketOf("")!.tryTake()) rules.takeToken("");
      });
    }
  }
  if (plan.listens === "now and then") {
    let listening: Disposable | undefined;
    for (let index = 0; index < 4; index++) {
      clock.at(dice.int(0, plan.lastsMs + 500), () => {
        listening?.[Symbol.dispose]();
        listening = listening === undefined ? world.listen() : undefined;
      });
    }
  }
}

function startSomething(world: World): void {
  const { dice } = world;
  const start = dice.pick([startSingle, startSingle, startFetch, startBatch, startBatch]);
  // A request that is refused at once rejects its promise: `start` never throws.
  start(world);
  if (start === startSingle && dice.chance(0.3)) {
    for (let more = dice.int(1, 8); more > 0; more--) start(world);
  }
}

/** Does what foreign code may do when the client calls it. */
function meddle(world: World): void {
  const { dice, controllers, plan } = world;
  const deed = dice.int(0, 5);
  if (deed === 0) startSingle(world);
  else if (deed === 1 && plan.isSemaphoreShared) world.semaphore.resize(dice.int(3, 6));
  else if (deed === 2 && dice.chance(0.1)) world.close(false);
  else if (deed === 3) startFetch(world);
  else if (controllers.length > 0) world.abort(dice.pick(controllers));
}

/**
 * Makes a failing world smaller, as long as it still breaks the same rule.
 *
 * @module
 */

import {
  type BatchStep,
  type ClientPlan,
  isWork,
  type OriginPlan,
  type Step,
  type TargetPlan,
  type WorldPlan,
} from "./plan.ts";

/** Whether a world breaks the rule. */
export type Fails = (plan: WorldPlan) => Promise<boolean>;

/** The most worlds to try. */
const MOST_TRIES = 2_000;

/**
 * Removes every part of a world that is not needed to break the rule: steps, requests of batches, options, and faults. Stops
 * early after {@linkcode MOST_TRIES} worlds.
 *
 * @param plan A world that breaks the rule.
 * @param fails Returns whether a smaller world breaks the rule too.
 * @returns A world that breaks the rule, from which no further part can be removed.
 */
export async function shrink(plan: WorldPlan, fails: Fails): Promise<WorldPlan> {
  let smallest = plan;
  let tries = 0;
  for (let isSmaller = true; isSmaller;) {
    isSmaller = false;
    for (const candidates of GENERATORS) {
      // A removed part does not come back, so each generator continues at its place.
      for (let place = 0;;) {
        const candidate = candidates(smallest, place);
        if (candidate === undefined || tries === MOST_TRIES) break;
        tries++;
        if (await fails(candidate)) {
          smallest = candidate;
          isSmaller = true;
        } else place++;
      }
    }
  }
  return smallest;
}

/** Returns the world without the part at a place; `undefined` after the last place. */
type Generator = (plan: WorldPlan, place: number) => WorldPlan | undefined;

const GENERATORS: readonly Generator[] = [
  ...[8, 4, 2].map((parts): Generator => (plan, place) => {
    const steps = withoutPart(plan.steps, parts, place);
    return steps && { ...plan, steps };
  }),
  (plan, place) => {
    const steps = without(plan.steps, place);
    return steps && { ...plan, steps };
  },
  withoutTargets(4),
  withoutTargets(1_000),
  withoutClientOption,
  withoutPhase,
  withoutMember,
];

function withoutPart<T>(list: readonly T[], parts: number, place: number): readonly T[] | undefined {
  const size = Math.ceil(list.length / parts);
  if (size < 2 || place * size >= list.length) return undefined;
  return list.filter((_, index) => Math.floor(index / size) !== place);
}

function without<T>(list: readonly T[], place: number): readonly T[] | undefined {
  return place < list.length ? list.filter((_, index) => index !== place) : undefined;
}

/** Removes requests from batches, in portions of about 1 / `parts` of a batch. */
function withoutTargets(parts: number): Generator {
  return (plan, place) => {
    let left = place;
    for (const [index, step] of plan.steps.entries()) {
      if (step.what !== "batch") continue;
      const size = Math.max(1, Math.ceil(step.targets.length / parts));
      const places = Math.ceil(step.targets.length / size);
      if (left < places) {
        const targets = step.targets.filter((_, target) => Math.floor(target / size) !== left);
        return withStep(plan, index, { ...step, targets } satisfies BatchStep);
      }
      left -= places;
    }
    return undefined;
  };
}

function withStep(plan: WorldPlan, index: number, step: Step): WorldPlan {
  return { ...plan, steps: plan.steps.with(index, step) };
}

/** Removes an option of the client, which then has its default. */
function withoutClientOption(plan: WorldPlan, place: number): WorldPlan | undefined {
  const { plain = {}, ...others } = plan.client;
  const names = definedKeys(others);
  const name = names[place];
  if (name === undefined) {
    const plainName = definedKeys(plain)[place - names.length];
    return plainName && { ...plan, client: { ...plan.client, plain: omit(plain, plainName) } };
  }
  const client: ClientPlan = omit(plan.client, name);
  if (name === "mirrors") return { ...plan, client, steps: plan.steps.map(withOrigins) };
  return { ...plan, client, steps: name === "extensions" ? plan.steps.map(withoutExtension) : plan.steps };
}

/** Gives relative targets the first origin, because a client without mirrors can't resolve them. */
function withOrigins(step: Step): Step {
  const toAbsolute = (target: TargetPlan): TargetPlan => ({ ...target, origin: target.origin ?? 0 });
  if (step.what === "batch") return { ...step, targets: step.targets.map(toAbsolute) };
  return isWork(step) ? { ...step, target: toAbsolute(step.target) } : step;
}

function withoutExtension(step: Step): Step {
  return isWork(step) ? omit(step, "extension") : step;
}

/** Removes a fault or the limit of an origin. */
function withoutPhase(plan: WorldPlan, place: number): WorldPlan | undefined {
  let left = place;
  for (const [index, origin] of plan.origins.entries()) {
    if (left < origin.phases.length) {
      const changed: OriginPlan = { ...origin, phases: without(origin.phases, left)! };
      return { ...plan, origins: plan.origins.with(index, changed) };
    }
    left -= origin.phases.length;
    if (origin.limit === undefined) continue;
    if (left === 0) return { ...plan, origins: plan.origins.with(index, omit(origin, "limit")) };
    left--;
  }
  return undefined;
}

/** The members of steps that may be removed. */
const OPTIONAL: ReadonlySet<string> = new Set([
  "options",
  "signal",
  "leavesAfter",
  "slowMs",
  "breaksAfter",
  "staysMs",
  "extension",
]);

/** Removes a member of a step, or one of its options. */
function withoutMember(plan: WorldPlan, place: number): WorldPlan | undefined {
  let left = place;
  for (const [index, step] of plan.steps.entries()) {
    if (!isWork(step)) continue;
    const names = definedKeys(step).filter((name) => OPTIONAL.has(name));
    if (left < names.length) return withStep(plan, index, omit(step, names[left]!));
    left -= names.length;
    const options = step.options ?? {};
    const optionNames = definedKeys(options);
    if (left < optionNames.length) {
      return withStep(plan, index, { ...step, options: omit(options, optionNames[left]!) } as Step);
    }
    left -= optionNames.length;
  }
  return undefined;
}

function definedKeys<T extends object>(object: T): (keyof T & string)[] {
  return (Object.keys(object) as (keyof T & string)[]).filter((name) => object[name] !== undefined);
}

function omit<T extends object>(object: T, name: keyof T): T {
  return Object.fromEntries(Object.entries(object).filter(([other]) => other !== name)) as T;
}

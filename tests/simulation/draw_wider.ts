/**
 * Adds features that only some worlds have. Their draws are independent of the other draws, so that the rest of each world
 * stays as it was before these features existed.
 *
 * @module
 */

import { Dice } from "../support/dice.ts";
import { StepDrawer, type StepInputs } from "./draw_steps.ts";
import type { Hook, InterferencePlan } from "./interference.ts";
import {
  type BodyKind,
  type CacheWorldPlan,
  type CallStep,
  type ClientPlan,
  type CrowdStep,
  isWork,
  type JumpStep,
  type MiddlewareKind,
  type MirrorStep,
  type OptionsPlan,
  type SchemaKind,
  SIGNALS,
  type Step,
  type TargetPlan,
  type TierPlan,
  type TierTrouble,
  type WorldPlan,
} from "./plan.ts";

/** Added to the seed, so that these draws are independent of the other draws of the same world. */
const APART = 7_919;

const HOOKS: readonly Hook[] = [
  ...["event", "event", "progress", "schema", "retryOn", "isFailure"] as const,
  ...["limitKey", "middleware", "source", "path", "partition", "sink"] as const,
];
const BODIES: readonly BodyKind[] = [
  "json",
  "query",
  "bytes",
  "form",
  "stream",
  "slow stream",
  "broken stream",
];
const SCHEMAS: readonly SchemaKind[] = ["async", "throws", "rejects", "transforms"];
const MIDDLEWARE: readonly MiddlewareKind[] = ["reads", "drops", "clones", "hangs", "asks"];

/** Draws the additional features of a world. */
export function drawWider(world: WorldPlan): WorldPlan {
  const dice = new Dice(world.seed + APART);
  const lastsMs = Math.max(0, ...world.steps.map(({ atMs }) => atMs));
  const inputs = { client: world.client, origins: world.origins.length, lastsMs };
  const hedge = drawHedge(new Dice(world.seed + 2 * APART), world.client);
  const client = drawClient(dice, { ...world.client, hedge }, new StepDrawer(dice, inputs, "x"));
  const steps = world.steps.map((step) => drawBodies(dice, drawOptions(dice, step)));
  if (client.cache !== undefined && dice.chance(0.5)) steps.push(...drawCached(dice, inputs, client));
  steps.push(...drawJumps(dice, lastsMs), ...drawSecondClose(dice, steps), ...drawCrowd(dice, inputs));
  if (client.hasMirrorList) steps.push(...drawMirrorChanges(dice, inputs, client.mirrors!.length));
  const wider = { ...world, client, steps: steps.sort((a, b) => a.atMs - b.atMs) };
  if (dice.chance(0.15)) return drawWorker(dice, wider);
  return dice.chance(0.2) ? drawSibling(dice, wider, inputs) : wider;
}

/** Draws another client under the same limit, and the requests of its callers. */
function drawSibling(dice: Dice, world: WorldPlan, inputs: StepInputs): WorldPlan {
  const { client, steps } = world;
  const isLimited = client.concurrency?.kind === "semaphore" || client.concurrency?.kind === "adaptive";
  if (!isLimited || client.hasMirrorList || client.signal !== undefined) return world;
  const drawer = new StepDrawer(dice, inputs);
  const others = Array.from({ length: dice.int(1, 20) }, (_, index): CallStep => {
    const { target, ...call } = drawer.call(drawer.moment());
    return {
      ...{ ...call, extension: undefined, signal: undefined, isSibling: true },
      target: { ...target, id: `y${index}` },
    };
  });
  return {
    ...world,
    client: { ...client, hasSibling: true },
    steps: [...steps, ...others].sort((a, b) => a.atMs - b.atMs),
  };
}

/** Turns a world into a worker at the edge, whose visitors share only the client. */
function drawWorker(dice: Dice, { client, steps, ...world }: WorldPlan): WorldPlan {
  const { signal: _, interferes: _interferes, cache, ...others } = client;
  const losesVisitors = dice.chance(0.5);
  const toVisit = (step: Step): Step => {
    if (!isWork(step)) return step;
    return {
      ...step,
      signal: undefined,
      staysMs: losesVisitors ? dice.maybe(0.3, () => dice.int(0, 2_000)) : undefined,
    };
  };
  return {
    ...world,
    client: {
      ...others,
      cache: cache && { ...cache, tiers: undefined },
      isWorker: true,
      use: withoutAsking(client.use),
    },
    steps: steps.filter(({ what }) => what !== "jump" && what !== "abort" && what !== "crowd").map(toVisit),
  };
}

/** Removes the middleware that requests a token: at the edge, no request may wait for one that another request started. */
function withoutAsking(use: ClientPlan["use"]): ClientPlan["use"] {
  return use?.filter((kind) => kind !== "asks");
}

/** Draws hedging for more worlds; its delay is a percentile of the latencies that the client has measured. */
function drawHedge(dice: Dice, { hedge }: ClientPlan): ClientPlan["hedge"] {
  if (!dice.chance(hedge === undefined ? 0.15 : 0.4)) return hedge;
  return {
    percentile: dice.pick([0.5, 0.8]),
    minimumSamples: dice.int(1, 4),
    maxExtraRatio: dice.pick([undefined, 0.3, 1]),
    to: dice.pick([undefined, "nextMirror"]),
  };
}

function drawClient(dice: Dice, client: ClientPlan, drawer: StepDrawer): ClientPlan {
  return {
    ...client,
    hasMirrorList: client.mirrors && dice.maybe(0.5, () => true),
    cache: client.cache && drawTiers(dice, client.cache),
    use: dice.maybe(0.1, () => [dice.pick(MIDDLEWARE), ...client.use ?? []]) ?? client.use,
    retryOn: dice.maybe(0.05, () => "throws" as const) ?? client.retryOn,
    isFailure: dice.maybe(0.1, () => dice.pick(["throws", "nothing", "timeouts"])),
    interferes: dice.maybe(
      0.2,
      () => Array.from({ length: dice.int(1, 3) }, () => drawInterference(dice, drawer)),
    ),
  };
}

const TROUBLES: readonly TierTrouble[] = [
  ...["slow", "slow", "late", "hangs", "throws", "rejects", "forgets", "refuses", "lies"] as const,
];

function drawTiers(dice: Dice, cache: CacheWorldPlan): CacheWorldPlan {
  if (dice.chance(0.5)) return cache;
  const tiers = Array.from({ length: dice.int(1, 2) }, (): TierPlan => ({
    trouble: dice.maybe(0.75, () => dice.pick(TROUBLES)),
    probability: dice.pick([0.1, 0.5, 1]),
  }));
  return { ...cache, tiers, adapterTimeoutMs: dice.pick([undefined, 50, 300]) };
}

function drawInterference(dice: Dice, drawer: StepDrawer): InterferencePlan {
  return { hook: dice.pick(HOOKS), nth: dice.int(1, 12), step: drawAct(dice, drawer) };
}

/** Draws the step that a user's callback plays; `undefined` if the callback throws instead. */
function drawAct(dice: Dice, drawer: StepDrawer): Step | undefined {
  switch (dice.int(0, 9)) {
    case 0:
    case 1:
      return undefined;
    case 2:
      return { what: "close", atMs: 0 };
    case 3:
    case 4:
    case 5:
      return { what: "abort", atMs: 0, signal: dice.int(0, SIGNALS - 1) };
    default:
      return drawer.work()[0];
  }
}

/** Draws requests with a cache mode, and requests that change the stored resources. */
function drawCached(dice: Dice, { lastsMs, origins }: StepInputs, { mirrors }: ClientPlan): CallStep[] {
  return Array.from({ length: dice.int(2, 12) }, () => ({
    what: "call",
    atMs: dice.int(0, lastsMs),
    how: dice.pick(["json", "outcome", "outcome", "fetch"]),
    target: {
      kind: dice.pick(["fresh", "fresh", "swr", "etag", "data"]),
      id: `s${dice.int(0, 1)}`,
      origin: mirrors !== undefined && dice.chance(0.5)
        ? undefined
        : dice.chance(0.8)
        ? 0
        : dice.int(0, origins - 1),
      method: dice.pick([undefined, undefined, undefined, undefined, "HEAD", "POST", "PUT"]),
    },
    options: dice.maybe(0.5, () => ({
      cache: dice.pick(["only-if-cached", "no-store", "reload", "no-cache", "force-cache"]),
    })),
    reading: dice.pick(["all", "all", "late", "cancel"]),
  }));
}

/** Draws bodies of all kinds, and downloads of files that change. */
function drawBodies(dice: Dice, step: Step): Step {
  const change = <T extends TargetPlan>(target: T): T => {
    if (target.method !== "PUT" && target.method !== "POST") return target;
    return { ...target, body: dice.maybe(0.4, () => dice.pick(BODIES)) };
  };
  if (step.what === "call") return { ...step, target: change(step.target) };
  if (step.what === "batch") return { ...step, targets: step.targets.map(change) };
  if (step.what !== "download" || dice.chance(0.4)) return step;
  return { ...step, target: { ...step.target, kind: "file", id: `f${step.target.id}` } };
}

/** Draws schemas with further effects, and callers that listen to progress. */
function drawOptions(dice: Dice, step: Step): Step {
  if (!isWork(step)) return step;
  if (step.what === "items" && step.how === "pages") return step;
  const hasProgress = dice.maybe(0.1, () => true);
  const schema = dice.maybe(0.1, () => dice.pick(SCHEMAS)) ?? step.options?.schema;
  if (hasProgress === undefined && schema === undefined) return step;
  const options: OptionsPlan = { ...step.options, schema, hasProgress };
  return { ...step, options } as Step;
}

function drawMirrorChanges(dice: Dice, { lastsMs }: StepInputs, count: number): MirrorStep[] {
  return Array.from({ length: dice.int(0, 5) }, () => ({
    what: "mirror",
    atMs: dice.int(0, lastsMs + 1_000),
    does: dice.pick(["remove", "enable", "disable", "disable", "reset", "add"]),
    mirror: dice.below(count),
  }));
}

function drawCrowd(dice: Dice, { lastsMs, origins }: StepInputs): CrowdStep[] {
  if (!dice.chance(0.01)) return [];
  return [{
    what: "crowd",
    atMs: dice.int(0, lastsMs),
    size: dice.pick([100, 1_000]),
    origin: dice.below(origins),
    signal: dice.below(SIGNALS),
  }];
}

function drawJumps(dice: Dice, lastsMs: number): JumpStep[] {
  if (!dice.chance(0.08)) return [];
  return Array.from({ length: dice.int(1, 3) }, () => ({
    what: "jump",
    atMs: dice.int(0, lastsMs + 1_000),
    byMs: dice.pick([1, 90, 2_000, 45_000, 4_000_000]),
  }));
}

/** Draws a second `close()` of the client that the script closes first. */
function drawSecondClose(dice: Dice, steps: readonly Step[]): Step[] {
  const first = steps.find(({ what }) => what === "close");
  if (first === undefined || dice.chance(0.5)) return [];
  return [{ ...first, atMs: first.atMs + dice.pick([0, 1, 300]) }];
}

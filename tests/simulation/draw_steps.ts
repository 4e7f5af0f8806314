/**
 * Draws the steps of a world: its calls, aborts and closings, and their times.
 *
 * @module
 */

import type { Dice } from "../support/dice.ts";
import {
  type BatchStep,
  type CallStep,
  type ClientPlan,
  type DownloadStep,
  type ItemsStep,
  type OptionsPlan,
  type ResourceKind,
  SIGNALS,
  type Step,
  type TargetPlan,
} from "./plan.ts";

/** The parts of a world that steps depend on. */
export interface StepInputs {
  readonly client: ClientPlan;
  /** The number of origins. */
  readonly origins: number;
  /** The time of the last possible call, in milliseconds. */
  readonly lastsMs: number;
}

/** The kinds of targets that mostly one caller requests. If there is a cache, shared targets have one of `CACHED_KINDS`. */
const KINDS: readonly ResourceKind[] = [
  ...["data", "data", "data", "data", "big", "missing", "nothing", "redirect", "away"] as const,
  ...["fresh", "nostore", "private", "etag", "swr"] as const,
];
const CACHED_KINDS: readonly ResourceKind[] = ["fresh", "swr", "etag", "nostore", "private", "data"];

/** Draws all steps, sorted by time. */
export function drawSteps(dice: Dice, inputs: StepInputs): Step[] {
  const drawer = new StepDrawer(dice, inputs);
  const steps = Array.from({ length: dice.int(1, 14) }, () => drawer.work()).flat();
  for (let signal = 0; signal < SIGNALS; signal++) {
    if (dice.chance(0.5)) steps.push({ what: "abort", atMs: drawer.moment(1_000), signal });
  }
  if (dice.chance(0.2)) steps.push({ what: "close", atMs: drawer.moment(3_000) });
  if (inputs.client.extensions !== undefined && dice.chance(0.2)) {
    steps.push({ what: "close", atMs: drawer.moment(3_000), extension: 0 });
  }
  if (inputs.client.listens === "now and then") {
    for (let index = 0; index < 4; index++) {
      steps.push({ what: index % 2 === 0 ? "listen" : "unlisten", atMs: drawer.moment(500) });
    }
  }
  return steps.sort((a, b) => a.atMs - b.atMs);
}

/** Draws the steps of callers. Each target that is not shared gets an id of its own. */
export class StepDrawer {
  readonly #dice: Dice;
  readonly #inputs: StepInputs;
  readonly #prefix: string;
  #lastId = 0;

  constructor(dice: Dice, inputs: StepInputs, prefix = "r") {
    this.#dice = dice;
    this.#inputs = inputs;
    this.#prefix = prefix;
  }

  /** Draws the time of a step, at most `afterMs` after the last possible call. */
  moment(afterMs = 0): number {
    return this.#dice.int(0, this.#inputs.lastsMs + afterMs);
  }

  /** Draws the step of a caller, or the calls of several callers at the same time. */
  work(): Step[] {
    const dice = this.#dice;
    const atMs = this.moment();
    const kind = dice.int(0, 9);
    if (kind < 2) return [dice.chance(0.25) ? this.#download(atMs) : this.#items(atMs)];
    if (kind < 5) return [this.#batch(atMs)];
    return Array.from({ length: dice.chance(0.3) ? dice.int(2, 12) : 1 }, () => this.call(atMs));
  }

  #target(kinds: readonly ResourceKind[] = KINDS): TargetPlan {
    const dice = this.#dice;
    const { client, origins } = this.#inputs;
    const isShared = dice.chance(client.cache === undefined ? 0.2 : 0.6);
    const kind = dice.pick(isShared && client.cache !== undefined ? CACHED_KINDS : kinds);
    const isRelative = client.mirrors !== undefined && dice.chance(0.65);
    return {
      kind,
      id: isShared ? `s${dice.int(0, 2)}` : `${this.#prefix}${++this.#lastId}`,
      origin: isRelative ? undefined : isShared ? 0 : dice.int(0, origins - 1),
      method: isShared
        ? undefined
        : dice.pick([undefined, undefined, undefined, undefined, "PUT", "POST", "HEAD"]),
      user: kind === "private"
        ? dice.pick(["alice", "bob", undefined])
        : dice.maybe(0.1, () => dice.pick(["alice", "bob"])),
      hasToken: dice.maybe(0.1, () => true),
    };
  }

  #options(): OptionsPlan | undefined {
    const dice = this.#dice;
    if (dice.chance(0.6)) return undefined;
    return {
      priority: dice.maybe(0.3, () => dice.int(-1, 2)),
      timeoutMs: dice.maybe(0.2, () => dice.int(20, 1_000)),
      totalTimeoutMs: dice.maybe(0.2, () => dice.int(20, 5_000)),
      maxRetries: dice.maybe(0.2, () => dice.int(0, 2)),
      onOpen: dice.maybe(0.2, () => dice.pick(["fail", "wait"])),
      patienceMs: dice.maybe(0.1, () => dice.pick([0, 200, 3_000])),
      cache: dice.maybe(0.1, () => dice.pick(["no-store", "reload", "no-cache", "force-cache"])),
      idempotent: dice.maybe(0.1, () => dice.chance(0.5)),
      notFoundIsFinal: dice.maybe(0.1, () => false),
      schema: dice.maybe(0.2, () => "own"),
    };
  }

  #signal(probability: number): number | undefined {
    return this.#dice.maybe(probability, () => this.#dice.int(0, SIGNALS - 1));
  }

  /** Draws a single request. */
  call(atMs: number): CallStep {
    const dice = this.#dice;
    const how = dice.pick(["json", "json", "json", "text", "bytes", "outcome", "fetch", "fetch"] as const);
    return {
      what: "call",
      atMs,
      how,
      target: this.#target(),
      options: this.#options(),
      signal: this.#signal(0.35),
      extension: this.#inputs.client.extensions === undefined ? undefined : dice.maybe(0.5, () => 0),
      reading: how === "fetch" ? dice.pick(["all", "all", "late", "part", "cancel", "never"]) : undefined,
    };
  }

  #batch(atMs: number): BatchStep {
    const dice = this.#dice;
    const how = dice.pick(["settle", "settle", "all", "stream", "stream", "record"] as const);
    return {
      what: "batch",
      atMs,
      how,
      targets: Array.from({ length: dice.pick([0, 1, 4, 10, 40]) }, () => this.#target()),
      source: how === "record"
        ? "array"
        : dice.pick(["array", "array", "iterator", "iterator", "async", "async", "stalled", "throws"]),
      options: {
        ...this.#options(),
        concurrency: dice.maybe(0.3, () => dice.int(1, 4)),
        ...how === "stream" ? { ordered: dice.chance(0.4) } : {},
        prefetch: how === "stream" ? dice.maybe(0.3, () => dice.int(0, 3)) : undefined,
        batchTimeoutMs: dice.maybe(0.1, () => dice.int(50, 5_000)),
      },
      signal: this.#signal(0.3),
      leavesAfter: how === "stream" ? dice.maybe(0.25, () => dice.int(0, 8)) : undefined,
      slowMs: how === "stream" ? dice.maybe(0.3, () => dice.pick([20, 400])) : undefined,
    };
  }

  #download(atMs: number): DownloadStep {
    const dice = this.#dice;
    return {
      what: "download",
      atMs,
      target: { ...this.#target(["big", "data", "missing", "redirect"]), method: undefined },
      options: this.#options(),
      signal: this.#signal(0.3),
      slowMs: dice.maybe(0.3, () => dice.pick([5, 100])),
      breaksAfter: dice.maybe(0.15, () => dice.int(0, 1)),
    };
  }

  #items(atMs: number): ItemsStep {
    const dice = this.#dice;
    const how = dice.pick(["lines", "events", "pages"] as const);
    return {
      what: "items",
      atMs,
      how,
      target: {
        ...this.#target([how]),
        kind: how,
        id: `${this.#prefix}${++this.#lastId}`,
        method: undefined,
      },
      options: how === "pages" ? undefined : this.#options(),
      signal: this.#signal(0.4),
      leavesAfter: dice.maybe(how === "events" ? 0.9 : 0.3, () => dice.int(0, 5)),
    };
  }
}

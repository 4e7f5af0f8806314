/**
 * The stage of a run: the clock, the servers, the client, and everything that the observer has written down.
 *
 * @module
 */

import type { Client } from "../../src/client/client.ts";
import { createClient } from "../../src/client/create_client.ts";
import type { ClientEvent } from "../../src/policies/event.ts";
import type { AdaptiveLimit } from "../../src/primitives/adaptive_limit.ts";
import type { TokenBucket } from "../../src/primitives/token_bucket.ts";
import type { Semaphore } from "../../src/primitives/semaphore.ts";
import type { SimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { ModelClock } from "../lanes/model_clock.ts";
import { Dice } from "../support/dice.ts";
import { Eyes, seenBy, unwatched, watch } from "../lanes/model_eyes.ts";
import { CountedController } from "../lanes/model_signal.ts";
import type { MirrorList } from "../../src/f1/mirror_list.ts";
import { baseUrlOf } from "./addresses.ts";
import { clientParts } from "./client_parts.ts";
import { parentOf } from "./families.ts";
import { Interference } from "./interference.ts";
import { createNetwork } from "./network.ts";
import { type MirrorStep, SIGNALS, type Step, type WorldPlan } from "./plan.ts";
import type { BatchRecord, Caller, Sent } from "./records.ts";
import { createServers } from "./servers.ts";
import { currentVisit, inVisit, Visit } from "./visits.ts";

/** A rule that was broken. */
export interface Violation {
  /** The rule's name in the design, such as `S11`. */
  readonly rule: string;
  readonly atMs: number;
  readonly text: string;
}

/** So many violations of one run are told. */
const TOLD = 5;
/** So many of the latest things that have happened are told. */
const TRACED = 60;

/** What the stage tells the rules. */
export interface StageListener {
  /** A request is handed to the network. */
  onSend(sent: Sent): void;
  /** A request was answered, or has failed. */
  onAnswer(sent: Sent): void;
  /** A caller has its answer. */
  onEnding(caller: Caller): void;
}

/** Everything of one run. */
export class Stage {
  readonly clock: ModelClock = new ModelClock();
  readonly dice: Dice;
  readonly interference: Interference;
  readonly eyes: Eyes = new Eyes();
  readonly servers: SimulatedCdn;
  readonly semaphore: Semaphore | undefined;
  readonly adaptiveLimit: AdaptiveLimit | undefined;
  readonly bucket: TokenBucket | undefined;
  /** How many permits others hold. */
  lent = 0;
  /** When others have had the bucket pause. */
  readonly bucketPauses: { readonly fromMs: number; readonly untilMs: number }[] = [];
  /** Others have taken tokens. */
  onTake: (tokens: number) => void = () => {};
  /** The client, and its extensions. */
  readonly clients: Client[];
  /** Another one, made alike, under the same limit and with the same cache. */
  readonly sibling: Client | undefined;
  readonly controllers: readonly CountedController[];
  readonly callers: Caller[] = [];
  /** Callers by what they ask for; of what several ask for, none. */
  readonly callerById: Map<string, Caller> = new Map();
  /** Those who have no answer yet. */
  readonly unsettled: Set<Caller> = new Set();
  readonly batches: BatchRecord[] = [];
  readonly sent: Sent[] = [];
  /** How many requests had been sent when the breaker of an origin changed last. */
  readonly sentAtChange: Map<string, number> = new Map();
  /** What is on the wire. */
  readonly open: Set<Sent> = new Set();
  /** Visits that are not over, at the edge. */
  readonly visits: Set<Visit> = new Set();
  /** Whether a visitor has left in the middle of something. */
  hasLost = false;
  #visitCount = 0;
  readonly #mirrorList: MirrorList | undefined;
  /** Which mirrors are off, and since when. */
  readonly offMirrors: Map<number, number> = new Map();
  readonly events: ClientEvent[] = [];
  readonly violations: Violation[] = [];
  readonly trace: string[] = [];
  /** What has to come to an end besides callers and batches. */
  readonly endings: Set<string> = new Set();
  listener: StageListener | undefined;
  closedAtMs: number = Infinity;
  /** How long the computer has slept, in milliseconds: whatever was due then is late. */
  sleptMs = 0;
  /** By how much the wall clock was set back altogether, in milliseconds: whatever is dated may seem as much younger. */
  setBackMs = 0;
  readonly closedExtensions: Set<number> = new Set();
  readonly closeReason: Error = new Error("closed by the script");
  #listening: Disposable | undefined;
  /** How many requests the servers have logged, as far as somebody has looked. */
  #arrivals = 0;
  /** The batch that is about to ask its source for an iterator. */
  opening: BatchRecord["batch"];
  /** The most that the client allowed at this moment: what was admitted before its limit fell is sent all the same. */
  #capacity: { readonly atMs: number; readonly most: number } = { atMs: -1, most: 0 };

  constructor(
    readonly plan: WorldPlan,
    readonly isTracing: boolean,
    play: (stage: Stage, step: Step) => void,
  ) {
    const { clock } = this;
    // It may be the other client that calls a user back, which is not seen.
    this.interference = new Interference(
      plan.client.interferes ?? [],
      (step) => seenBy(this.eyes, () => play(this, step)),
    );
    this.dice = new Dice(plan.seed + 1);
    this.servers = createServers(plan, clock);
    const { isWorker = false } = plan.client;
    (currentRuntime as { timersBelongToRequests: boolean }).timersBelongToRequests = isWorker;
    if (isWorker) clock.around = (callback) => this.#own(callback);
    this.controllers = Array.from({ length: SIGNALS }, () => new CountedController());
    watch(this.eyes);
    this.eyes.onBatch = (batch) => void (this.opening = batch);
    this.eyes.onBreakerChange = (origin) => void this.sentAtChange.set(origin, this.sent.length);
    const { options, extensions, semaphore, adaptiveLimit, bucket, mirrorList } = clientParts(
      this,
      createNetwork(this),
    );
    this.semaphore = adaptiveLimit?.semaphore ?? semaphore;
    this.adaptiveLimit = adaptiveLimit;
    this.bucket = bucket;
    this.#mirrorList = mirrorList;
    this.#watchCapacity();
    const client = createClient(options);
    const clients = this.clients = [client];
    extensions.forEach((options, index) => {
      clients.push(clients[parentOf(plan.client.extensions![index]!)]!.extend(options));
    });
    this.sibling = plan.client.hasSibling ? unwatched(() => createClient(options)) : undefined;
    if (plan.client.listens === "always") this.listen();
  }

  /** A timer ends with its visit. */
  #own(callback: () => void): () => void {
    const visit = currentVisit();
    return () => {
      if (!visit?.isOver) inVisit(visit, callback);
    };
  }

  #watchCapacity(): void {
    const { semaphore, clock } = this;
    if (semaphore === undefined) return;
    const resize = semaphore.resize.bind(semaphore);
    semaphore.resize = (capacity) => {
      this.#capacity = { atMs: clock.now(), most: this.capacity };
      resize(capacity);
    };
  }

  /** How many bodies may be under way. */
  get capacity(): number {
    const { concurrency } = this.plan.client;
    if (concurrency === undefined) return 20;
    if (this.semaphore === undefined) return (concurrency as { readonly most: number }).most;
    const now = this.semaphore.capacity;
    return this.#capacity.atMs === this.clock.now() ? Math.max(now, this.#capacity.most) : now;
  }

  /** How many may be under way at all times: whoever wants more at once would wait for ever once there are fewer. */
  get leastCapacity(): number {
    const resized = this.plan.steps.map((step) =>
      step.what === "others" && step.does === "resize" ? step.amount : Infinity
    );
    return Math.min(this.capacity, ...resized);
  }

  /** How many may ever be under way. */
  get mostCapacity(): number {
    const resized = this.plan.steps.map((step) => step.what === "others" ? step.amount : 0);
    const { concurrency } = this.plan.client;
    const first = concurrency !== undefined && "most" in concurrency ? concurrency.most : 0;
    return this.adaptiveLimit?.max ?? Math.max(this.capacity, first, ...resized);
  }

  /** The longest time that a server takes to answer when nothing is wrong, in milliseconds. */
  get slowestMs(): number {
    return Math.max(...this.plan.origins.map(({ latencyMs: [, mostMs] }) => mostMs));
  }

  get isClosed(): boolean {
    return this.closedAtMs < Infinity;
  }

  /** Who is asked by a caller. */
  clientOf({ client, isSibling }: Pick<Caller, "client" | "isSibling">): Client {
    return (isSibling ? this.sibling : this.clients[client])!;
  }

  /** Whether a client, or an extension, is closed. */
  hasClosed(client: number): boolean {
    return this.isClosed || this.closedExtensions.has(client);
  }

  /** Writes down what happens. */
  note(text: string): void {
    if (!this.isTracing) return;
    this.trace.push(`${this.clock.now()} ms: ${text}`);
    if (this.trace.length > TRACED) this.trace.shift();
  }

  /** A rule is broken. */
  fail(rule: string, text: string): void {
    if (this.violations.length === TOLD) return;
    this.violations.push({ rule, atMs: this.clock.now(), text });
    this.note(`VIOLATION of ${rule}: ${text}`);
  }

  /** A visit begins: it ends when everything has that it waits for, or when its visitor leaves. */
  visit(step: Step, run: () => void): void {
    const visit = new Visit(`visit ${this.#visitCount++}`);
    this.visits.add(visit);
    const staysMs = "staysMs" in step ? step.staysMs : undefined;
    if (staysMs !== undefined) this.clock.at(staysMs, () => this.#leave(visit));
    inVisit(visit, run);
  }

  /** Ends the visits that wait for nothing any more. */
  endVisits(): void {
    for (const visit of this.visits) if (visit.work.size === 0) this.#endVisit(visit);
  }

  #leave(visit: Visit): void {
    if (visit.isOver) return;
    this.note(`the visitor of ${visit.name} leaves`);
    this.hasLost ||= visit.work.size > 0;
    for (const work of visit.work) {
      if (typeof work === "string") this.endings.delete(work);
      else this.unsettled.delete(work as Caller);
    }
    for (const caller of this.unsettled) if (caller.visit === visit) this.unsettled.delete(caller);
    this.#endVisit(visit);
  }

  #endVisit(visit: Visit): void {
    this.visits.delete(visit);
    visit.end();
  }

  /** The mirrors change; one that is enabled is always left. */
  changeMirrors({ does, mirror }: MirrorStep): void {
    const list = this.#mirrorList;
    const plan = this.plan.client.mirrors?.[mirror];
    if (list === undefined || plan === undefined) return;
    const url = baseUrlOf(plan, mirror);
    const others = list.list().filter((other) =>
      other.enabled && other.url.replace(/\/$/, "") !== url.slice(0, -1)
    );
    if (others.length === 0 && (does === "remove" || does === "disable")) return;
    this.note(`mirrors: ${does} ${url}`);
    if (does === "remove") list.remove(url);
    else if (does === "reset") list.reset();
    else if (does === "add") list.add({ url });
    else list.enable(url, does === "enable");
    for (let index = 0; index < this.plan.client.mirrors!.length; index++) this.#noteMirror(list, index);
  }

  #noteMirror(list: MirrorList, index: number): void {
    const url = baseUrlOf(this.plan.client.mirrors![index]!, index).slice(0, -1);
    const isOn = list.list().some((other) => other.enabled && other.url.replace(/\/$/, "") === url);
    if (isOn) this.offMirrors.delete(index);
    else if (!this.offMirrors.has(index)) this.offMirrors.set(index, this.clock.now());
  }

  /** The computer sleeps. */
  jump(byMs: number): void {
    this.note(`sleeps for ${byMs} ms`);
    this.sleptMs += byMs;
    this.clock.jump(byMs);
  }

  /** The wall clock is set. */
  setWall(byMs: number): void {
    this.note(`sets its wall clock by ${byMs} ms`);
    this.setBackMs += Math.max(0, -byMs);
    this.clock.setWall(byMs);
  }

  /** Somebody begins to listen. */
  listen(): void {
    this.#listening ??= this.clients[0]!.on((event) => {
      this.events.push(event);
      if (this.isTracing) this.note(`event ${JSON.stringify(event)}`);
      this.interference.at("event");
    });
  }

  /** Nobody listens any more. */
  unlisten(): void {
    this.#listening?.[Symbol.dispose]();
    this.#listening = undefined;
  }

  /** Finds out which requests have arrived at the servers: these read a body before they log its request. */
  #noteArrivals(): void {
    const { entries } = this.servers.log;
    for (; this.#arrivals < entries.length; this.#arrivals++) {
      const entry = entries[this.#arrivals]!;
      const url = `https://${entry.mirror}.test${entry.url}`;
      for (const sent of this.open) {
        if (sent.entry !== undefined || sent.isOver || sent.url !== url || sent.method !== entry.method) {
          continue;
        }
        sent.entry = entry;
        break;
      }
    }
  }

  /** What is on the wire now, there or anywhere. */
  openAt(origin?: string, isAll = true): number {
    this.#noteArrivals();
    let count = 0;
    for (const sent of this.open) {
      if (isOver(sent)) this.open.delete(sent);
      else if (sent.caller?.isTakenForDead || (!isAll && sent.caller?.isSibling)) continue;
      else if (origin === undefined || sent.address.origin === origin) count++;
    }
    return count;
  }
}

/** Whether nothing of a request is on the wire any more. */
export function isOver(sent: Sent): boolean {
  return sent.isOver || (sent.entry !== undefined && sent.entry.outcome !== "open");
}

/**
 * The stage of a run: the clock, the servers, the client, and the observer's records.
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

/** How long a timeout waits for what may have arrived while the computer slept, in milliseconds. */
const MAX_GRACE_MS = 5_000;
/** The most violations that a run reports. */
const TOLD = 5;
/** The number of latest events that a trace keeps. */
const TRACED = 60;

/** The events that the stage reports to the rules. */
export interface StageListener {
  /** Called when the client hands a request to the network. */
  onSend(sent: Sent): void;
  /** Called when a request is answered, or has failed. */
  onAnswer(sent: Sent): void;
  /** Called when a caller has its result. */
  onEnding(caller: Caller): void;
}

/** The state of one run. */
export class Stage {
  readonly clock: ModelClock = new ModelClock();
  readonly dice: Dice;
  readonly interference: Interference;
  readonly eyes: Eyes = new Eyes();
  readonly servers: SimulatedCdn;
  readonly semaphore: Semaphore | undefined;
  readonly adaptiveLimit: AdaptiveLimit | undefined;
  readonly bucket: TokenBucket | undefined;
  /** The number of permits that other code holds. */
  lent = 0;
  /** The pauses of the bucket that other code has caused. */
  readonly bucketPauses: { readonly fromMs: number; readonly untilMs: number }[] = [];
  /** Called when other code has taken tokens. */
  onTake: (tokens: number) => void = () => {};
  /** The client at index 0, and its extensions after it. */
  readonly clients: Client[];
  /** Another client with the same options, under the same limit and with the same cache. */
  readonly sibling: Client | undefined;
  readonly controllers: readonly CountedController[];
  readonly callers: Caller[] = [];
  /** The callers by the id of their target, without targets that several callers share. */
  readonly callerById: Map<string, Caller> = new Map();
  /** The callers that have no result yet. */
  readonly unsettled: Set<Caller> = new Set();
  readonly batches: BatchRecord[] = [];
  readonly sent: Sent[] = [];
  /** The number of requests on the network when the breaker of each origin last changed. */
  readonly sentAtChange: Map<string, number> = new Map();
  /** The requests on the wire. */
  readonly open: Set<Sent> = new Set();
  /** The visits that are not over, at the edge. */
  readonly visits: Set<Visit> = new Set();
  /** Whether a visitor has left before its work was done. */
  hasLost = false;
  #visitCount = 0;
  readonly #mirrorList: MirrorList | undefined;
  /** The time since which each mirror is off, by the index of the mirror. */
  readonly offMirrors: Map<number, number> = new Map();
  readonly events: ClientEvent[] = [];
  readonly violations: Violation[] = [];
  readonly trace: string[] = [];
  /** The names of operations that have to end, besides callers and batches. */
  readonly endings: Set<string> = new Set();
  listener: StageListener | undefined;
  closedAtMs: number = Infinity;
  /** The time for which the computer has slept, in milliseconds; everything that was due then is late. */
  sleptMs = 0;
  /** By how much timeouts may be late because of that, in milliseconds: the sleep, and the grace after it. */
  lateMs = 0;
  /** The total by which the wall clock was set back, in milliseconds; a dated answer may seem younger by this time. */
  setBackMs = 0;
  readonly closedExtensions: Set<number> = new Set();
  readonly closeReason: Error = new Error("closed by the script");
  #listening: Disposable | undefined;
  /** The number of entries in the servers' log that `#noteArrivals` has processed. */
  #arrivals = 0;
  /** The client's batch that is about to get an iterator from its source. */
  opening: BatchRecord["batch"];
  /** The capacity before the latest change: requests that were admitted before the limit fell are still sent. */
  #capacity: { readonly atMs: number; readonly most: number } = { atMs: -1, most: 0 };

  constructor(
    readonly plan: WorldPlan,
    readonly isTracing: boolean,
    play: (stage: Stage, step: Step) => void,
  ) {
    const { clock } = this;
    // The other client, which is not watched, may call the callback. Watch the step nevertheless.
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

  /** Makes a timer's callback run in the visit that armed the timer, unless that visit is over. */
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

  /** The number of bodies that may be in flight now. */
  get capacity(): number {
    const { concurrency } = this.plan.client;
    if (concurrency === undefined) return 20;
    if (this.semaphore === undefined) return (concurrency as { readonly most: number }).most;
    const now = this.semaphore.capacity;
    return this.#capacity.atMs === this.clock.now() ? Math.max(now, this.#capacity.most) : now;
  }

  /** The least capacity of the whole run: a holder that wants more permits at once could wait for ever. */
  get leastCapacity(): number {
    const resized = this.plan.steps.map((step) =>
      step.what === "others" && step.does === "resize" ? step.amount : Infinity
    );
    return Math.min(this.capacity, ...resized);
  }

  /** The highest capacity of the whole run. */
  get mostCapacity(): number {
    const resized = this.plan.steps.map((step) => step.what === "others" ? step.amount : 0);
    const { concurrency } = this.plan.client;
    const first = concurrency !== undefined && "most" in concurrency ? concurrency.most : 0;
    return this.adaptiveLimit?.max ?? Math.max(this.capacity, first, ...resized);
  }

  /** The longest time that a server takes to answer without a fault, in milliseconds. */
  get slowestMs(): number {
    return Math.max(...this.plan.origins.map(({ latencyMs: [, mostMs] }) => mostMs));
  }

  get isClosed(): boolean {
    return this.closedAtMs < Infinity;
  }

  /** Returns the client that gets the call of a caller. */
  clientOf({ client, isSibling }: Pick<Caller, "client" | "isSibling">): Client {
    return (isSibling ? this.sibling : this.clients[client])!;
  }

  /** Whether the client or extension with this index is closed. */
  hasClosed(client: number): boolean {
    return this.isClosed || this.closedExtensions.has(client);
  }

  /** Adds an event to the trace, if the run is traced. */
  note(text: string): void {
    if (!this.isTracing) return;
    this.trace.push(`${this.clock.now()} ms: ${text}`);
    if (this.trace.length > TRACED) this.trace.shift();
  }

  /** Records that a rule is broken. */
  fail(rule: string, text: string): void {
    if (this.violations.length === TOLD) return;
    this.violations.push({ rule, atMs: this.clock.now(), text });
    this.note(`VIOLATION of ${rule}: ${text}`);
  }

  /** Begins a visit. The visit ends when all of its work is done, or when its visitor leaves. */
  visit(step: Step, run: () => void): void {
    const visit = new Visit(`visit ${this.#visitCount++}`);
    this.visits.add(visit);
    const staysMs = "staysMs" in step ? step.staysMs : undefined;
    if (staysMs !== undefined) this.clock.at(staysMs, () => this.#leave(visit));
    inVisit(visit, run);
  }

  /** Ends the visits whose work is done. */
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

  /** Changes the mirrors, but never removes or disables the last enabled one. */
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

  /** Simulates that the computer sleeps. */
  jump(byMs: number): void {
    this.note(`sleeps for ${byMs} ms`);
    this.sleptMs += byMs;
    this.lateMs += byMs + Math.min(byMs, MAX_GRACE_MS);
    this.clock.jump(byMs);
  }

  /** Changes the wall clock. */
  setWall(byMs: number): void {
    this.note(`sets its wall clock by ${byMs} ms`);
    this.setBackMs += Math.max(0, -byMs);
    this.clock.setWall(byMs);
  }

  /** Adds a listener to the client's events, unless there is one. */
  listen(): void {
    this.#listening ??= this.clients[0]!.on((event) => {
      this.events.push(event);
      if (this.isTracing) this.note(`event ${JSON.stringify(event)}`);
      this.interference.at("event");
    });
  }

  /** Removes the listener. */
  unlisten(): void {
    this.#listening?.[Symbol.dispose]();
    this.#listening = undefined;
  }

  /** Finds the servers' log entries of requests. They appear late, because the servers read a body before they log it. */
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

  /** Returns the number of requests on the wire to an origin, or to all; `isAll` includes those of the other client. */
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

/** Whether no part of a request is on the wire any more. */
export function isOver(sent: Sent): boolean {
  return sent.isOver || (sent.entry !== undefined && sent.entry.outcome !== "open");
}

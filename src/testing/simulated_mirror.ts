/**
 * One mirror of the simulated CDN.
 *
 * @module
 */

import { CdnRecorder, type OpenLogEntry } from "./cdn_log.ts";
import { derivedSeed } from "./derived_seed.ts";
import { Exchange, type ExchangeContext } from "./exchange.ts";
import type { FaultRules } from "../middleware/faults/fault_rules.ts";
import { type LatencySampler, latencySampler } from "../middleware/faults/latency.ts";
import { seededRandom } from "./random.ts";
import type { ResourceLookup } from "./resource.ts";
import { planResponse, type ResponsePlan } from "./response_plan.ts";

/** What all mirrors share. */
export interface MirrorContext extends ExchangeContext {
  readonly seed: number;
  readonly lookup: ResourceLookup;
  readonly rules: FaultRules;
  /** The log of all mirrors. */
  readonly recorder: CdnRecorder;
  readonly log: "full" | "counts";
}

/** A request as a `fetch` or a server hands it over. */
export interface IncomingRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** The headers, in lower case; made only if they are looked at. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly body: string;
}

/** One mirror: its counts, its random numbers, and what it answers. */
export class SimulatedMirror {
  readonly name: string;
  /** Where a `fetch` finds it; every origin when there is none. */
  readonly origin: string | undefined;
  readonly recorder: CdnRecorder;
  readonly #context: MirrorContext;
  readonly #sampleLatency: LatencySampler;
  readonly #bytesPerSecond: number;
  /** Requests by URL; absent if the count is not needed. */
  readonly #counts: Map<string, number> | undefined;
  readonly #drawsByUrl: boolean;
  #random: () => number;

  /** Creates a mirror whose options have been checked. */
  constructor(
    name: string,
    origin: string | undefined,
    { latency, bytesPerSecond }: {
      readonly latency: ReturnType<typeof latencySampler>;
      readonly bytesPerSecond: number;
    },
    context: MirrorContext,
  ) {
    this.name = name;
    this.origin = origin;
    this.recorder = new CdnRecorder(context.log);
    this.#context = context;
    this.#sampleLatency = latency.sample;
    this.#bytesPerSecond = bytesPerSecond;
    this.#counts = context.log === "full" || context.rules.needNth ? new Map() : undefined;
    this.#drawsByUrl = this.#counts !== undefined && (latency.isRandom || context.rules.needRandom);
    this.#random = this.#ownRandom();
  }

  /** Starts counting and the random numbers anew. */
  reset(): void {
    this.recorder.reset();
    this.#counts?.clear();
    this.#random = this.#ownRandom();
  }

  /** A connection was accepted. */
  connected(): void {
    this.recorder.connected();
    this.#context.recorder.connected();
  }

  /** A connection is gone. */
  disconnected(): void {
    this.recorder.disconnected();
    this.#context.recorder.disconnected();
  }

  /** Takes a request: logs it, draws its latency, and finds out what goes wrong with it. */
  receive(incoming: IncomingRequest): Exchange {
    const context = this.#context;
    const nth = this.#count(incoming.url);
    // What befalls a request hangs on its URL and number alone, so that a race of concurrent requests changes nothing.
    const random = this.#drawsByUrl
      ? seededRandom(derivedSeed(context.seed, this.name, nth, incoming.url))
      : this.#random;
    const seen = newEntry(this.name, incoming, nth, context.clock.now() - context.startedAt);
    // An entry that is kept reads the headers now, as the client may change them later.
    const entry = context.log === "full" ? { ...seen } : seen;
    entry.latencyMs = this.#sampleLatency(random);
    const fault = context.rules.find(entry, this.recorder.requests + 1, random);
    if (fault !== undefined) {
      entry.fault = fault.kind;
      if (fault.kind === "slow") entry.latencyMs += latencySampler(fault.latency, "be slow").sample(random);
    }
    return new Exchange(entry, fault, context, [this.recorder, context.recorder]);
  }

  /** Plans the response to a request that is neither refused nor reset. */
  plan(exchange: Exchange): ResponsePlan | Promise<ResponsePlan> {
    const answer = this.#context.lookup(exchange.entry);
    const inputs = {
      method: exchange.entry.method,
      fault: exchange.fault,
      bytesPerSecond: this.#bytesPerSecond,
      wallNow: () => this.#context.clock.wallNow(),
    };
    return answer instanceof Promise
      ? answer.then((answer) => planResponse(answer, inputs))
      : planResponse(answer, inputs);
  }

  #count(url: string): number {
    if (this.#counts === undefined) return 0;
    const nth = (this.#counts.get(url) ?? 0) + 1;
    this.#counts.set(url, nth);
    return nth;
  }

  #ownRandom(): () => number {
    return seededRandom(derivedSeed(this.#context.seed, this.name));
  }
}

/** A log entry whose path and headers are made when they are read. */
function newEntry(mirror: string, incoming: IncomingRequest, nth: number, atMs: number): OpenLogEntry {
  const { method, url, body } = incoming;
  return {
    mirror,
    method,
    url,
    get path() {
      const query = url.indexOf("?");
      return query === -1 ? url : url.slice(0, query);
    },
    get headers() {
      return incoming.headers();
    },
    body,
    atMs,
    nth,
    latencyMs: 0,
    fault: undefined,
    status: undefined,
    bytesSent: 0,
    outcome: "open",
    endedAtMs: undefined,
  };
}

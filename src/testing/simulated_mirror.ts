/**
 * One mirror of the simulated CDN.
 *
 * @module
 */

import { CdnRecorder, type OpenLogEntry } from "./cdn_log.ts";
import { derivedSeed } from "./derived_seed.ts";
import { CdnExchange, type CdnExchangeContext } from "./cdn_exchange.ts";
import type { FaultRules } from "../middleware/faults/fault_rules.ts";
import { type LatencySampler, latencySampler } from "../middleware/faults/latency.ts";
import { seededRandom } from "./random.ts";
import type { ResourceLookup } from "./resource.ts";
import { planResponse, type ResponsePlan } from "./response_plan.ts";

/** The context that all mirrors share. */
export interface MirrorContext extends CdnExchangeContext {
  readonly seed: number;
  readonly lookup: ResourceLookup;
  readonly rules: FaultRules;
  /** The log of all mirrors. */
  readonly recorder: CdnRecorder;
  readonly log: "full" | "counts";
}

/** A request as a `fetch` or a server passes it to a mirror. */
export interface IncomingRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Returns the headers, with names in lower case. Called only if they are needed. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly body: string;
}

/** One mirror with its counts, its random numbers and its responses. */
export class SimulatedMirror {
  readonly name: string;
  /** The origin at which a `fetch` reaches the mirror; `undefined` if it answers for every origin. */
  readonly origin: string | undefined;
  readonly recorder: CdnRecorder;
  readonly #context: MirrorContext;
  readonly #sampleLatency: LatencySampler;
  readonly #bytesPerSecond: number;
  /** The number of requests by URL; `undefined` if no count is needed. */
  readonly #counts: Map<string, number> | undefined;
  readonly #drawsByUrl: boolean;
  #random: () => number;

  /** Creates a mirror. The caller has checked the options. */
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

  /** Restarts the log, the counts and the random numbers. */
  reset(): void {
    this.recorder.reset();
    this.#counts?.clear();
    this.#random = this.#ownRandom();
  }

  /** Logs an accepted connection. */
  connected(): void {
    this.recorder.connected();
    this.#context.recorder.connected();
  }

  /** Logs the end of a connection. */
  disconnected(): void {
    this.recorder.disconnected();
    this.#context.recorder.disconnected();
  }

  /** Receives a request: draws its latency, finds its fault, and logs it. */
  receive(incoming: IncomingRequest): CdnExchange {
    const context = this.#context;
    const nth = this.#count(incoming.url);
    // The latency and the fault depend only on the URL and the number of the request, so that the order of concurrent requests
    // does not change them.
    const random = this.#drawsByUrl
      ? seededRandom(derivedSeed(context.seed, this.name, nth, incoming.url))
      : this.#random;
    const seen = newEntry(this.name, incoming, nth, context.clock.now() - context.startedAt);
    // An entry that the log keeps reads the headers now, because the client may change them later.
    const entry = context.log === "full" ? { ...seen } : seen;
    entry.latencyMs = this.#sampleLatency(random);
    const fault = context.rules.find(entry, this.recorder.requests + 1, random);
    if (fault !== undefined) {
      entry.fault = fault.kind;
      if (fault.kind === "slow") entry.latencyMs += latencySampler(fault.latency, "be slow").sample(random);
    }
    return new CdnExchange(entry, fault, context, [this.recorder, context.recorder]);
  }

  /** Plans the response to a request that is neither refused nor reset. */
  plan(exchange: CdnExchange): ResponsePlan | Promise<ResponsePlan> {
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

/** Creates a log entry that computes its path and headers when they are read. */
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

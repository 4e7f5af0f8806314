/**
 * Creates clients, from the parts in the other files.
 *
 * @module
 */

import { toHeaderMap } from "../http/headers.ts";
import { isUrl } from "../http/url.ts";
import type { ServerSentEvent } from "../http/server_sent_event.ts";
import type { Call, CallContext, CallSink } from "../policies/call.ts";
import type { DownloadResult, DownloadTarget } from "../policies/download_terms.ts";
import type { ClientEvent, Reporter } from "../policies/event.ts";
import { scopeFor } from "../policies/middleware_chain.ts";
import type { Settings } from "../policies/settings.ts";
import { systemClock } from "../primitives/clock.ts";
import "../primitives/dispose_symbols.ts";
import { Batch } from "./batch.ts";
import type { BatchSink, OutcomeConsumer } from "./batch_run.ts";
import { CallContexts } from "./call_contexts.ts";
import type { Client } from "./client.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { DownloadOptions } from "./download_options.ts";
import { dropInFetch } from "./drop_in.ts";
import { EventHub } from "./event_hub.ts";
import type { ItemStream } from "./item_stream.ts";
import { checkClientOptions, checkExtendOptions } from "./option_checks.ts";
import type { ClientOptions, ExtendOptions } from "./options.ts";
import { type Outcome, OutcomeSink, PromiseSink, refusal } from "./outcome.ts";
import { OutcomeStream } from "./outcome_stream.ts";
import type { BatchOptions, CallOptions, FetchRequest, RequestSource } from "./request.ts";
import { checkSpec, namedRequests } from "./request_checks.ts";
import type { ClientStats } from "./stats.ts";
import type { EventsOptions, LinesOptions, Page, PagesOptions } from "./stream_options.ts";
import { StreamedRequests } from "./streamed_requests.ts";

/**
 * Creates a client. A client has limits, circuit breakers and statistics of its own: create one, and use it for everything.
 *
 * @param options Options; the defaults suit a CDN.
 * @returns The client.
 * @throws {TypeError} If an option does not exist or has the wrong type.
 * @throws {RangeError} If the value of an option is out of range.
 *
 * @example Three files, at most two at once
 * ```ts
 * import { createClient } from "@slipstream/fetch";
 * import { assertEquals } from "@std/assert";
 *
 * await using client = createClient({
 *   baseUrls: "https://cdn.example.com/data",
 *   concurrency: 2,
 *   fetch: (url) => Promise.resolve(Response.json({ from: String(url) })), // leave it out to use the network
 * });
 * const [first] = await client.all(["a.json", "b.json", "c.json"]);
 * assertEquals(first, { from: "https://cdn.example.com/data/a.json" });
 * ```
 */
export function createClient(options: ClientOptions = {}): Client {
  checkClientOptions(options);
  return new SlipstreamClient(options);
}

/** Returns the reporter that the policies of a client report to, for other parts of this package that have events of their own. */
export function reporterOf(client: Client): Reporter {
  const reporter = reporters.get(client);
  if (reporter === undefined) {
    throw new TypeError("Cannot report as the client must be one of createClient()");
  }
  return reporter;
}

const reporters = new WeakMap<Client, Reporter>();

class SlipstreamClient implements Client {
  readonly fetch: Client["fetch"];
  readonly #options: ClientOptions;
  readonly #hub: EventHub;
  readonly #dispatcher: Dispatcher;
  readonly #contexts: CallContexts;
  readonly #streamed: StreamedRequests;
  readonly #maxWaiting: number;

  constructor(options: ClientOptions, parent?: SlipstreamClient) {
    const { clock = systemClock, random = Math.random, maxWaiting = 1_000 } = options;
    this.#options = options;
    this.#hub = parent === undefined ? new EventHub(clock) : parent.#hub;
    this.#dispatcher = new Dispatcher(
      options,
      clock,
      this.#hub,
      parent === undefined ? undefined : parent.#dispatcher,
    );
    this.#contexts = new CallContexts(options, this.#dispatcher);
    this.fetch = dropInFetch(this.#dispatcher, this.#contexts);
    this.#streamed = new StreamedRequests(this.#dispatcher, this.#contexts, {
      clock,
      random,
      reporter: this.#hub,
    });
    this.#maxWaiting = maxWaiting;
    reporters.set(this, this.#hub);
  }

  json<T>(request: FetchRequest, options?: CallOptions): Promise<T> {
    return this.#fetchOne(request, options, "json") as Promise<T>;
  }

  text<T>(request: FetchRequest, options?: CallOptions): Promise<T> {
    return this.#fetchOne(request, options, "text") as Promise<T>;
  }

  bytes<T>(request: FetchRequest, options?: CallOptions): Promise<T> {
    return this.#fetchOne(request, options, "bytes") as Promise<T>;
  }

  #fetchOne(request: FetchRequest, options: CallOptions | undefined, as: Settings["as"]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const context = options === undefined
        ? this.#contexts.plain[as]
        : this.#contexts.withOptions(this.#contexts.plain[as], options, "call", as);
      const sink = new PromiseSink(resolve, reject);
      const plain = typeof request === "string"
        ? this.#dispatcher.tryBegin(context, request, sink)
        : undefined;
      const call = plain ?? this.#begin(request, context, as, sink);
      if (this.#dispatcher.launch(call) !== undefined) this.#dispatcher.straight.run(call, call.startedAtMs);
    });
  }

  outcome<T>(request: FetchRequest, options?: CallOptions): Promise<Outcome<T>> {
    return new Promise((resolve) => {
      const plain = this.#contexts.plain.json;
      const context = options === undefined
        ? plain
        : this.#contexts.withOptions(plain, options, "call", undefined);
      const sink = new OutcomeSink(request, resolve as (outcome: Outcome<unknown>) => void);
      let call: Call;
      try {
        call = this.#begin(request, context, undefined, sink);
      } catch (error) {
        // A malformed request, an aborted signal and a closed client are outcomes too.
        return resolve(refusal(request, 0, error));
      }
      this.#dispatcher.launch(call)?.run();
    });
  }

  all<V>(requests: RequestSource, options?: BatchOptions): Promise<V> {
    return new Promise((resolve, reject) => {
      const values: unknown[] = [];
      const batch = this.#batch(requests, options, {
        held: 0,
        awaitsEarlier: false,
        onOutcome(outcome, reason) {
          if (outcome.ok) values[outcome.index] = outcome.value;
          else batch.stop(reason);
        },
        onEnd: (failure) => failure === undefined ? resolve(values as V) : reject(failure.reason),
        onStop: reject,
      });
      batch.pump();
    });
  }

  settle<V>(requests: RequestSource, options?: BatchOptions): Promise<V> {
    return new Promise((resolve, reject) => {
      const outcomes: Outcome<unknown>[] = [];
      const batch = this.#batch(requests, options, {
        held: 0,
        awaitsEarlier: false,
        onOutcome(outcome) {
          outcomes[outcome.index] = outcome;
        },
        onEnd: (failure) => failure === undefined ? resolve(outcomes as V) : reject(failure.reason),
        onStop: reject,
      });
      batch.pump();
    });
  }

  stream<T>(requests: RequestSource, options?: BatchOptions): OutcomeStream<T> {
    const stream = new OutcomeStream<T>(options?.ordered ?? false);
    return stream.attach(this.#batch(requests, options, stream));
  }

  async record<R>(
    requests: Readonly<Record<string, FetchRequest>> | ReadonlyMap<string, FetchRequest>,
    options?: BatchOptions,
  ): Promise<R> {
    const entries = namedRequests(requests);
    const requested = entries.map(([, request]) => request);
    const outcomes = await this.settle<readonly Outcome<unknown>[]>(requested, options);
    return Object.fromEntries(entries.map(([name], index) => [name, outcomes[index]])) as R;
  }

  extend(options: ExtendOptions): Client {
    checkExtendOptions(options);
    const { signal: _, ...base } = this.#options;
    const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
    const headers = {
      ...toHeaderMap(base.headers, "the client's headers"),
      ...toHeaderMap(options.headers, "the client's headers"),
    };
    const use = [...base.use ?? [], ...options.use ?? []];
    return new SlipstreamClient({ ...base, ...given, headers, use }, this);
  }

  lines<T>(request: FetchRequest, options?: LinesOptions): ItemStream<T> {
    return this.#streamed.lines(request, options);
  }

  events<T>(request: FetchRequest, options?: EventsOptions): ItemStream<ServerSentEvent<T>> {
    return this.#streamed.events(request, options);
  }

  pages<T>(request: FetchRequest, options?: PagesOptions<T>): ItemStream<Page<T>> {
    return this.#streamed.pages(request, options);
  }

  async download(
    request: FetchRequest,
    to: DownloadTarget,
    options?: DownloadOptions,
  ): Promise<DownloadResult> {
    return await this.#streamed.download(request, to, options);
  }

  stats(): ClientStats {
    return this.#dispatcher.stats();
  }

  on(listener: (event: ClientEvent) => void): Disposable {
    return this.#hub.on(listener);
  }

  close(reason: unknown = new DOMException("The client was closed", "AbortError")): Promise<void> {
    return this.#dispatcher.lifetime.close(reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #batch(requests: RequestSource, options: BatchOptions | undefined, consumer: OutcomeConsumer): Batch {
    const { scheduler } = this.#dispatcher;
    const context = options === undefined
      ? this.#contexts.plain.json
      : this.#contexts.withOptions(this.#contexts.plain.json, options, "batch", undefined);
    const concurrency = options?.concurrency ?? Infinity;
    const atOnce = Math.min(concurrency, scheduler.mostCapacity);
    return new Batch({
      source: requests,
      concurrency: this.#dispatcher.pullsAhead ? atOnce : concurrency,
      pullsAhead: this.#dispatcher.pullsAhead,
      maxWaiting: this.#maxWaiting,
      window: atOnce + (options?.prefetch ?? atOnce),
      priority: context.settings.priority,
      signal: options?.signal,
      timeoutMs: options?.batchTimeoutMs ?? Infinity,
      deadlines: this.#dispatcher.deadlines,
      consumer,
      contextOf: (allowance) => ({
        ...context,
        allowance,
        scope: scopeFor(this.#dispatcher.pipeline.environment),
      }),
      scheduler,
      starter: this.#dispatcher,
      closings: this.#dispatcher.lifetime,
      begin: this.#beginForBatch,
    });
  }

  /** One function for all batches, so that none has to make its own. */
  readonly #beginForBatch = (request: FetchRequest, batch: BatchSink): Call =>
    this.#begin(request, batch.context, undefined, batch);

  /** Begins a request, or throws if it is malformed. `as`, if given, says how to decode the body, whatever the options say. */
  #begin(request: FetchRequest, context: CallContext, as: Settings["as"] | undefined, sink: CallSink): Call {
    if (isUrl(request)) {
      return this.#dispatcher.begin(context, this.#contexts.prepare({ url: request }, context), sink);
    }
    checkSpec(request);
    const own = this.#contexts.withOptions(context, request, "request", as);
    return this.#dispatcher.begin(own, this.#contexts.prepare(request, own), sink);
  }
}

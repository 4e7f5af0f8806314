/**
 * The client: what everything else in this module is for.
 *
 * @module
 */

import { type HeaderMap, NO_HEADERS, toHeaderMap } from "../http/headers.ts";
import { type PreparedRequest, prepareRequest, type RequestInput } from "../http/request.ts";
import type { Call, CallSink, Settings } from "../policies/call.ts";
import type { ClientEvent, Reporter } from "../policies/event.ts";
import { systemClock } from "../primitives/clock.ts";
import type { InferOutput, StandardSchemaV1 } from "../schemas/standard_schema.ts";
import { Batch, type OutcomeConsumer } from "./batch.ts";
import { Dispatcher } from "./dispatcher.ts";
import { EventHub } from "./events.ts";
import { fromFetchArguments } from "./fetch_arguments.ts";
import { checkClientOptions } from "./option_checks.ts";
import type { ClientOptions } from "./options.ts";
import type { Outcome } from "./outcome.ts";
import { OutcomeStream } from "./outcome_stream.ts";
import type { BatchOptions, FetchRequest, RequestOptions, RequestSource, ValueOf } from "./request.ts";
import { clientSettings, withOptions } from "./settings.ts";
import type { ClientStats } from "./stats.ts";

/**
 * Fetches many resources in parallel, under control. Every request ends in exactly one way: a value, or an error that says
 * what happened.
 *
 * All methods that make requests take a `signal`; when it aborts, they reject at once with its very own `reason`, wherever
 * the request is: waiting for a token or a permit, between two attempts, or in the middle of a body. What is under way is
 * then stopped, and nothing more is started.
 */
export interface Client extends AsyncDisposable {
  /**
   * Fetches JSON.
   *
   * @param request A URL, or a URL with options. Relative URLs resolve against `baseUrls`.
   * @param options Options; those of `request` go first.
   * @returns The parsed body, or what the schema makes of it; `undefined` for 204, 205, 304 and empty bodies.
   * @throws {NetworkError} If no attempt brought a response; `TimeoutError`, `CircuitOpenError`, `OfflineError` say why.
   * @throws {HttpError} If the last response's status was no success.
   * @throws {DataNotFoundError} If it was 404 or 410.
   * @throws {InvalidDataError} If the body is not JSON, or does not fit the schema.
   * @throws {TypeError} If the URL or an option is malformed; before anything is sent.
   */
  json<S extends StandardSchemaV1>(
    request: FetchRequest,
    options: RequestOptions & { readonly schema: S },
  ): Promise<InferOutput<S>>;
  /** Fetches JSON of any shape. */
  json(request: FetchRequest, options?: RequestOptions): Promise<unknown>;

  /** Fetches text, decoded as UTF-8; otherwise like {@linkcode Client.json}. */
  text(request: FetchRequest, options?: RequestOptions): Promise<string>;

  /** Fetches bytes, which are the caller's own; otherwise like {@linkcode Client.json}. */
  bytes(request: FetchRequest, options?: RequestOptions): Promise<Uint8Array<ArrayBuffer>>;

  /**
   * A drop-in `fetch`, which goes the same way as every other request. Any status resolves; one that is worth a retry is
   * retried, and the last response is returned. The body streams, and its permit is held until it has been read or
   * cancelled, for at most `timeoutMs`.
   *
   * @param input The URL or `Request`.
   * @param init As for `fetch`; members that only a runtime knows are handed on.
   * @returns The response.
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;

  /**
   * Fetches many, all or nothing.
   *
   * @param requests The requests; pulled as they can be started.
   * @param options Options for each of them and for the batch.
   * @returns The values, in input order. Rejects with the first failure, and aborts the rest.
   */
  all<const O extends BatchOptions = BatchOptions>(
    requests: RequestSource,
    options?: O,
  ): Promise<ValueOf<O>[]>;

  /**
   * Fetches many, each with its outcome.
   *
   * @param requests The requests; pulled as they can be started.
   * @param options Options for each of them and for the batch.
   * @returns The outcomes, in input order. Never rejects for a request; only if the signal aborts or `requests` throws.
   */
  settle<const O extends BatchOptions = BatchOptions>(
    requests: RequestSource,
    options?: O,
  ): Promise<Outcome<ValueOf<O>>[]>;

  /**
   * Fetches many, and yields outcomes as requests complete, or in input order with `ordered: true`. Pulls as they can be
   * started and taken: it holds at most `concurrency + prefetch` of them, however many there are. Leaving the loop early
   * aborts what is under way and closes `requests`.
   *
   * @param requests The requests.
   * @param options Options for each of them and for the batch.
   * @returns The outcomes. Throws when the signal aborts, and when `requests` throws, after what had started has ended.
   */
  stream<const O extends BatchOptions = BatchOptions>(
    requests: RequestSource,
    options?: O,
  ): AsyncIterableIterator<Outcome<ValueOf<O>>>;

  /**
   * Fetches many under names.
   *
   * @param requests The requests by name.
   * @param options Options for each of them and for the batch.
   * @returns The outcomes under the same names; like {@linkcode Client.settle} in everything else.
   */
  record<K extends string, const O extends BatchOptions = BatchOptions>(
    requests: Readonly<Record<K, FetchRequest>>,
    options?: O,
  ): Promise<Record<K, Outcome<ValueOf<O>>>>;

  /** The numbers since the client was made. */
  stats(): ClientStats;

  /**
   * Listens to everything that happens.
   *
   * @param listener Called with each event, in order; it must be quick, and it can't break anything by throwing.
   * @returns Stops listening when disposed.
   */
  on(listener: (event: ClientEvent) => void): Disposable;

  /**
   * Aborts what is under way, and refuses everything from now on. A batch ends with the outcomes of what had started, and
   * rejects with the reason if its requests were not all started. What is being refreshed for the cache in the background may
   * end within five seconds. Calling it again does nothing.
   *
   * @param reason What requests reject with. @default {an `AbortError`}
   * @returns When everything has been let go of.
   */
  close(reason?: unknown): Promise<void>;
}

/**
 * Creates a client. It holds its own limits, breakers and statistics; make one, and use it for everything.
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

/** Where the stations of a client report to, for parts of this module that have something to report of their own. */
export function reporterOf(client: Client): Reporter {
  const reporter = reporters.get(client);
  if (reporter === undefined) {
    throw new TypeError("Cannot report as the client must be one of createClient()");
  }
  return reporter;
}

const reporters = new WeakMap<Client, Reporter>();

/** What surrounds a request: the options of its call or batch. */
interface Surroundings {
  readonly settings: Settings;
  readonly signals: readonly AbortSignal[];
  readonly headers: HeaderMap;
}

const NO_SIGNALS: readonly AbortSignal[] = [];

class SlipstreamClient implements Client {
  readonly #hub: EventHub;
  readonly #dispatcher: Dispatcher;
  readonly #settings: Readonly<Record<Settings["as"], Settings>>;
  /** What surrounds requests that come without options. */
  readonly #plain: Readonly<Record<Settings["as"], Surroundings>>;

  constructor(options: ClientOptions) {
    const { clock = systemClock } = options;
    this.#hub = new EventHub(clock);
    this.#dispatcher = new Dispatcher(options, clock, this.#hub);
    const json = clientSettings(options);
    this.#settings = { json, text: { ...json, as: "text" }, bytes: { ...json, as: "bytes" } };
    const plain = (settings: Settings): Surroundings => ({
      settings,
      signals: NO_SIGNALS,
      headers: NO_HEADERS,
    });
    const { text, bytes } = this.#settings;
    this.#plain = { json: plain(json), text: plain(text), bytes: plain(bytes) };
    reporters.set(this, this.#hub);
  }

  json<S extends StandardSchemaV1>(
    request: FetchRequest,
    options?: RequestOptions & { readonly schema?: S },
  ): Promise<InferOutput<S>> {
    return this.#fetchOne(request, options, "json") as Promise<InferOutput<S>>;
  }

  text(request: FetchRequest, options?: RequestOptions): Promise<string> {
    return this.#fetchOne(request, options, "text") as Promise<string>;
  }

  bytes(request: FetchRequest, options?: RequestOptions): Promise<Uint8Array<ArrayBuffer>> {
    return this.#fetchOne(request, options, "bytes") as Promise<Uint8Array<ArrayBuffer>>;
  }

  #fetchOne(
    request: FetchRequest,
    options: RequestOptions | undefined,
    as: Settings["as"],
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#start(
        request,
        this.#surroundings(options, this.#settings[as]),
        as,
        new PromiseSink(resolve, reject),
      );
    });
  }

  /** A function of its own, because a `fetch` is handed on as one. */
  readonly fetch = (input: string | URL | Request, init: RequestInit = {}): Promise<Response> =>
    new Promise((resolve, reject) => {
      const { request, signals, cache } = fromFetchArguments(input, init);
      const settings = cache === undefined ? this.#settings.bytes : { ...this.#settings.bytes, cache };
      const sink = new PromiseSink(resolve as (value: unknown) => void, reject);
      this.#dispatcher.start({
        request: this.#prepare(request, NO_HEADERS, settings),
        settings,
        signals,
        streams: true,
        sink,
      });
    });

  all<const O extends BatchOptions = BatchOptions>(
    requests: RequestSource,
    options?: O,
  ): Promise<ValueOf<O>[]> {
    return new Promise((resolve, reject) => {
      const values: ValueOf<O>[] = [];
      const batch = this.#batch(requests, options, {
        held: 0,
        onOutcome(outcome) {
          if (outcome.ok) values[outcome.index] = outcome.value as ValueOf<O>;
          else batch.stop(outcome.error);
        },
        onEnd: (failure) => failure === undefined ? resolve(values) : reject(failure.reason),
        onStop: reject,
      });
      batch.pump();
    });
  }

  settle<const O extends BatchOptions = BatchOptions>(
    requests: RequestSource,
    options?: O,
  ): Promise<Outcome<ValueOf<O>>[]> {
    return new Promise((resolve, reject) => {
      const outcomes: Outcome<ValueOf<O>>[] = [];
      const batch = this.#batch(requests, options, {
        held: 0,
        onOutcome(outcome) {
          outcomes[outcome.index] = outcome as Outcome<ValueOf<O>>;
        },
        onEnd: (failure) => failure === undefined ? resolve(outcomes) : reject(failure.reason),
        onStop: reject,
      });
      batch.pump();
    });
  }

  stream<const O extends BatchOptions = BatchOptions>(
    requests: RequestSource,
    options?: O,
  ): AsyncIterableIterator<Outcome<ValueOf<O>>> {
    const stream = new OutcomeStream<ValueOf<O>>(options?.ordered ?? false);
    return stream.attach(this.#batch(requests, options, stream));
  }

  async record<K extends string, const O extends BatchOptions = BatchOptions>(
    requests: Readonly<Record<K, FetchRequest>>,
    options?: O,
  ): Promise<Record<K, Outcome<ValueOf<O>>>> {
    const names = Object.keys(requests) as K[];
    const outcomes = await this.settle(names.map((name) => requests[name]), options);
    return Object.fromEntries(names.map((name, index) => [name, outcomes[index]])) as Record<
      K,
      Outcome<ValueOf<O>>
    >;
  }

  stats(): ClientStats {
    return this.#dispatcher.stats();
  }

  on(listener: (event: ClientEvent) => void): Disposable {
    return this.#hub.on(listener);
  }

  close(reason: unknown = new DOMException("The client was closed", "AbortError")): Promise<void> {
    return this.#dispatcher.close(reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #batch(requests: RequestSource, options: BatchOptions | undefined, consumer: OutcomeConsumer): Batch {
    const { settings, headers } = this.#surroundings(options, this.#settings.json);
    // The batch listens to its signal itself, once for all of its requests.
    const around: Surroundings = { settings, headers, signals: NO_SIGNALS };
    const concurrency = Math.min(options?.concurrency ?? Infinity, this.#dispatcher.concurrency);
    return new Batch({
      source: requests,
      concurrency,
      window: concurrency + (options?.prefetch ?? concurrency),
      signal: options?.signal,
      consumer,
      closing: () => this.#dispatcher.closing,
      start: (request, sink) => this.#start(request, around, undefined, sink),
    });
  }

  #surroundings(options: RequestOptions | undefined, base: Settings): Surroundings {
    if (options === undefined) return this.#plain[base.as];
    const settings = withOptions(base, options);
    const headers = options.headers === undefined ? NO_HEADERS : toHeaderMap(options.headers, "the request");
    return { settings, signals: options.signal === undefined ? NO_SIGNALS : [options.signal], headers };
  }

  /** Starts a request, or throws what is wrong with it; `as` decides what it brings, if given. */
  #start(request: FetchRequest, around: Surroundings, as: Settings["as"] | undefined, sink: CallSink): Call {
    let { settings, signals } = around;
    const isPlain = typeof request !== "object" || request instanceof URL;
    if (!isPlain) {
      settings = withOptions(settings, request);
      if (request.signal !== undefined) signals = [...signals, request.signal];
    }
    if (as !== undefined && settings.as !== as) settings = { ...settings, as };
    const prepared = this.#prepare(isPlain ? { url: request } : request, around.headers, settings);
    return this.#dispatcher.start({ request: prepared, settings, signals, streams: false, sink });
  }

  #prepare(input: RequestInput, headers: HeaderMap, { idempotent }: Settings): PreparedRequest {
    return prepareRequest(input, { origins: this.#dispatcher.originIndex, headers, idempotent });
  }
}

/** Answers a promise. */
class PromiseSink implements CallSink {
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (reason: unknown) => void;

  constructor(resolve: (value: unknown) => void, reject: (reason: unknown) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onSettled(_call: Call, ok: boolean, value: unknown): void {
    if (ok) this.#resolve(value);
    else this.#reject(value);
  }
}

/**
 * Requests whose bodies are read part by part: lines, events, pages and downloads. The code that reads them is loaded at its
 * first use.
 *
 * @module
 */

import { mergeHeaders } from "../http/headers.ts";
import type { ServerSentEvent } from "../http/server_sent_event.ts";
import type { ReceivedResponse } from "../http/tracked_response.ts";
import { isUrl, redactUrl } from "../http/url.ts";
import { Allowance } from "../lanes/allowance.ts";
import type { Call, CallContext } from "../policies/call.ts";
import type { DownloadResult, DownloadTarget } from "../policies/download_terms.ts";
import type { Reporter } from "../policies/event.ts";
import type { ItemSource } from "../policies/item_source.ts";
import type { Opener, StreamRequest, StreamSurroundings } from "../policies/opener.ts";
import type { PageFetch } from "../policies/page_fetch.ts";
import type { Settings } from "../policies/settings.ts";
import type { Clock } from "../primitives/clock.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { CallContexts } from "./call_contexts.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { DownloadOptions } from "./download_options.ts";
import { ItemStream } from "./item_stream.ts";
import { LeftMirrors } from "./left_mirrors.ts";
import { checkRequestOptions, type OptionsOf } from "./option_checks.ts";
import type { FetchRequest, RequestOptions, RequestSpec } from "./request.ts";
import { checkSpec } from "./request_checks.ts";
import type { EventsOptions, LinesOptions, Page, PagesOptions } from "./stream_options.ts";

/** The code of downloads, loaded with the first one. */
let downloads: typeof import("../download/download.ts") | undefined;
/** The settings of the requests of every download, which reports its progress itself. */
const OF_DOWNLOADS = { schema: undefined, onProgress: undefined } as const;

/** The parts of the client that streams use. */
export interface StreamedRequestsOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly reporter: Reporter;
}

/** Makes streams of the requests of a client. */
export class StreamedRequests {
  readonly #dispatcher: Dispatcher;
  readonly #contexts: CallContexts;
  readonly #surroundings: StreamSurroundings;
  readonly #reporter: Reporter;
  /** The settings of downloads without options. */
  #ofDownloads: Settings | undefined;

  /** Creates the maker of streams, which sends nothing yet. */
  constructor(
    dispatcher: Dispatcher,
    contexts: CallContexts,
    { clock, random, reporter }: StreamedRequestsOptions,
  ) {
    this.#dispatcher = dispatcher;
    this.#contexts = contexts;
    this.#surroundings = { clock, random, closings: dispatcher };
    this.#reporter = reporter;
  }

  /** Does what {@linkcode Client.lines} says. */
  lines<T>(request: FetchRequest, options: LinesOptions = {}): ItemStream<T> {
    const stream = this.#streamRequest(request, options, "lines", this.#contexts.plain.text.settings);
    return this.#items<T>(stream.signals, async (surroundings) => {
      const { lineSource } = await import("../streams/lines.ts");
      return lineSource(stream, surroundings, options);
    });
  }

  /** Does what {@linkcode Client.events} says. */
  events<T>(request: FetchRequest, options: EventsOptions = {}): ItemStream<ServerSentEvent<T>> {
    // No hedging: a server may keep the headers back until there is an event, and a second attempt would be a second
    // subscription.
    const settings: Settings = { ...this.#contexts.plain.text.settings, cache: "no-store", hedge: false };
    const stream = this.#streamRequest(request, options, "events", settings);
    return this.#items<ServerSentEvent<T>>(stream.signals, async (surroundings) => {
      const { eventSource } = await import("../streams/events.ts");
      return eventSource(stream, surroundings, options);
    });
  }

  /** Does what {@linkcode Client.pages} says. */
  pages<T>(request: FetchRequest, options: PagesOptions<T> = {}): ItemStream<Page<T>> {
    const own = this.#contexts.withOptions(this.#contexts.plain.json, options, "pages", undefined);
    // One page at a time, and a second attempt beside it, with nothing else to send meanwhile.
    const allowance = new Allowance(2, 1, () => {});
    allowance.hasMore = false;
    const context = this.#contexts.contextOf({ ...own, allowance });
    const { next, maxPages, prefetch } = options;
    const { mirrors } = this.#dispatcher;
    if (!isUrl(request)) checkRequestSpec(request);
    const ownSignal = isUrl(request) ? undefined : request.signal;
    const signals = ownSignal === undefined ? own.signals : [...own.signals, ownSignal];
    const fetch = (page: FetchRequest, how: PageFetch) => this.#fetchPage(page, context, how);
    return this.#items<Page<T>>(signals, async (surroundings) => {
      const { pageSource } = await import("../streams/pages.ts");
      const finder = next as ((page: Page<unknown>) => unknown) | undefined;
      return pageSource({
        first: request,
        mirrors,
        surroundings,
        signals,
        fetch,
        next: finder,
        maxPages,
        prefetch,
      });
    });
  }

  #fetchPage(request: FetchRequest, context: CallContext, how: PageFetch): void {
    const { isForeign, isWhole, ownHeaders, signal, sink } = how;
    const additions = isWhole ? { json: context.additions?.json } : context.additions;
    const all = this.#contexts.contextOf({ ...context, additions, signals: [...context.signals, signal] });
    const own = isUrl(request) ? all : this.#contexts.withOptions(all, request, "request", undefined);
    const prepared = this.#contexts.prepare(isUrl(request) ? { url: request } : request, own);
    const { sensitive } = this.#dispatcher;
    const withheld = isForeign
      ? new Set([...sensitive].filter((name) => !ownHeaders.includes(name)))
      : undefined;
    const call = this.#dispatcher.begin(own, { ...prepared, withheld }, sink);
    context.allowance!.active++;
    this.#dispatcher.launch(call)?.run();
  }

  /** Makes a stream of the items of a source. The stream makes the source when the consumer asks for the first item. */
  #items<T>(
    signals: readonly AbortSignal[],
    load: (surroundings: StreamSurroundings) => Promise<ItemSource<unknown>>,
  ): ItemStream<T> {
    return new ItemStream<T>({
      load: () => load(this.#surroundings) as Promise<ItemSource<T>>,
      // If both have happened, the consumer gets the reason of its own signal.
      stopped: () => signals.find(({ aborted }) => aborted) ?? this.#dispatcher.closing,
    });
  }

  /** Does what {@linkcode Client.download} says. */
  async download(
    request: FetchRequest,
    to: DownloadTarget,
    options: DownloadOptions = {},
  ): Promise<DownloadResult> {
    this.#ofDownloads ??= { ...this.#contexts.plain.bytes.settings, cache: "no-store" };
    const stream = this.#streamRequest<ReceivedResponse>(request, options, "download", this.#ofDownloads);
    // Keep the module: another `import()` takes as long as a third of a small download.
    const { download } = downloads ??= await import("../download/download.ts");
    const { backoff, deadlines } = this.#dispatcher;
    return await download(
      stream,
      { ...this.#surroundings, backoff, deadlines, reporter: this.#reporter },
      to,
      options,
    );
  }

  /** Prepares a request whose body is read part by part, maybe from several responses. */
  #streamRequest<R = Response>(
    request: FetchRequest,
    options: RequestOptions | undefined,
    of: OptionsOf,
    settings: Settings,
  ): StreamRequest<R> {
    const readsChunks = of === "download";
    const as = readsChunks ? "bytes" : undefined;
    const plain = this.#contexts.contextOf({ settings, streams: true, rejectsStatus: true, readsChunks });
    const common = options === undefined ? plain : this.#contexts.withOptions(plain, options, of, as);
    if (!isUrl(request)) checkSpec(request);
    const own = isUrl(request) ? common : this.#contexts.withOptions(common, request, "request", as);
    const plainly = this.#contexts.prepare(isUrl(request) ? { url: request } : request, own);
    // A browser's own cache must have no part in a subscription.
    const prepared = of === "events" && !currentRuntime.showsRedirects
      ? { ...plainly, init: { cache: "no-store", ...plainly.init } as const }
      : plainly;
    const { method, url, headers: ownHeaders, body, repeatable } = prepared;
    const bases = prepared.absolute ? [] : this.#dispatcher.mirrors.map((mirror) => mirror.base);
    /** The sending under way. */
    let opening: Call | undefined;
    const left = new LeftMirrors();
    /** The latest sending that has ended. */
    let latest: Call | undefined;
    let continues = false;
    // The reader decodes the parts itself.
    const sending: Settings = { ...own.settings, as: "bytes", ...readsChunks ? OF_DOWNLOADS : {} };
    const open: Opener<R> = ({ headers, signal, spentMs } = {}) =>
      new Promise((resolve, reject) => {
        const signals = signal === undefined ? own.signals : [...own.signals, signal];
        const { avoided } = left;
        // Each connection of a subscription is a request of its own.
        const earlierAttempts = of === "events" ? undefined : latest?.attemptsInAll;
        const added = { settings: sending, signals, avoided, continues, earlierAttempts, spentMs };
        const context = this.#contexts.contextOf({ ...own, ...added });
        const sent = headers === undefined
          ? prepared
          : { ...prepared, headers: mergeHeaders(ownHeaders, headers) };
        const onSettled = (call: Call, ok: boolean, value: unknown): void => {
          latest = call;
          opening = undefined;
          continues ||= call.attemptsInAll > 0;
          if (ok) resolve(value as R);
          else reject(value);
        };
        const call = this.#dispatcher.begin(context, sent, { onSettled });
        if (!call.settled) opening = call;
        this.#dispatcher.launch(call)?.run();
      });
    return {
      open,
      method,
      identity: body === null ? [method, url, ...bases].join(" ") : undefined,
      settings: own.settings,
      headers: ownHeaders,
      isRepeatable: repeatable,
      signals: own.signals,
      leaveMirror: () => {
        const mirror = latest?.target?.mirror;
        return mirror !== undefined && left.add(mirror, this.#dispatcher.mirrors);
      },
      get attempts() {
        return latest?.attemptsInAll ?? 0;
      },
      describe: () =>
        (opening ?? latest)?.describe() ?? { url: redactUrl(prepared.url), method, attempts: 0 },
    };
  }
}

/** Checks a request when the caller gives it, so that a malformed one does not fail only when it is sent. */
function checkRequestSpec(request: RequestSpec): void {
  checkSpec(request);
  checkRequestOptions(request, "request");
}

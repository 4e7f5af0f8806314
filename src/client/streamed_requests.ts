/**
 * Requests whose bodies are read part by part: lines, events, pages and downloads. The code that reads them is loaded at its
 * first use.
 *
 * @module
 */

import { toHeaderMap } from "../http/headers.ts";
import type { PreparedRequest } from "../http/request.ts";
import type { ServerSentEvent } from "../http/server_sent_event.ts";
import type { ReceivedResponse } from "../http/tracked_response.ts";
import { isUrl } from "../http/url.ts";
import { Allowance } from "../lanes/allowance.ts";
import type { CallContext } from "../policies/call.ts";
import type { DownloadResult, DownloadTarget } from "../policies/download_terms.ts";
import type { Reporter } from "../policies/event.ts";
import type { ItemSource } from "../policies/item_source.ts";
import type { StreamContext } from "../policies/opener.ts";
import type { PageFetch } from "../policies/page_fetch.ts";
import type { Settings } from "../policies/settings.ts";
import type { Clock } from "../primitives/clock.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { CallContexts } from "./call_contexts.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { DownloadOptions } from "./download_options.ts";
import { ItemStream } from "./item_stream.ts";
import type { OptionsOf } from "./option_checks.ts";
import type { RepeatedRequestOptions } from "./repeated_request.ts";
import type { FetchRequest, RequestOptions } from "./request.ts";
import { checkSpec } from "./request_checks.ts";
import type { EventsOptions, LinesOptions, Page, PagesOptions } from "./stream_options.ts";

/** The code of downloads, loaded with the first one. */
let downloads: Awaited<ReturnType<typeof loadDownloads>> | undefined;
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
  readonly #streamContext: StreamContext;
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
    this.#streamContext = { clock, random, closings: dispatcher.lifetime };
    this.#reporter = reporter;
  }

  /** Does what {@linkcode Client.lines} says. */
  lines<T>(request: FetchRequest, options: LinesOptions = {}): ItemStream<T> {
    const sending = this.#streamRequest(request, options, "lines", this.#contexts.plain.text.settings);
    // The caller may change the object before the first item is asked for.
    const own = { ...options };
    return this.#items<T>(sending.context.signals, async (streamContext) => {
      const [{ RepeatedRequest }, { lineSource }] = await Promise.all([
        import("./repeated_request.ts"),
        import("../streams/lines.ts"),
      ]);
      return lineSource(new RepeatedRequest(sending), streamContext, own);
    });
  }

  /** Does what {@linkcode Client.events} says. */
  events<T>(request: FetchRequest, options: EventsOptions = {}): ItemStream<ServerSentEvent<T>> {
    // No hedging: a server may keep the headers back until there is an event, and a second attempt would be a second
    // subscription.
    const settings: Settings = { ...this.#contexts.plain.text.settings, cache: "no-store", hedge: false };
    const sending = this.#streamRequest(request, options, "events", settings);
    const own = { ...options };
    return this.#items<ServerSentEvent<T>>(sending.context.signals, async (streamContext) => {
      const [{ RepeatedRequest }, { eventSource }] = await Promise.all([
        import("./repeated_request.ts"),
        import("../streams/events.ts"),
      ]);
      return eventSource(new RepeatedRequest(sending), streamContext, own);
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
    // Prepare the first request now, so that a bad one throws here, and a later change of its object changes nothing.
    const given = copyOf(request);
    const first = this.#prepare(given, context);
    const { signals } = first.own;
    const fetch = (page: FetchRequest, how: PageFetch) =>
      page === request ? this.#sendPage(first, how) : this.#fetchPage(page, context, how);
    return this.#items<Page<T>>(signals, async (streamContext) => {
      const { pageSource } = await import("../streams/pages.ts");
      const finder = next as ((page: Page<unknown>) => unknown) | undefined;
      return pageSource({
        first: request,
        given,
        mirrors,
        context: streamContext,
        signals,
        fetch,
        next: finder,
        maxPages,
        prefetch,
      });
    });
  }

  #fetchPage(request: FetchRequest, context: CallContext, how: PageFetch): void {
    const additions = how.isWhole ? { json: context.additions?.json } : context.additions;
    this.#sendPage(this.#prepare(request, this.#contexts.contextOf({ ...context, additions })), how);
  }

  /** Prepares a request with its own options. `as`, if given, says how to decode the body, whatever the options say. */
  #prepare(request: FetchRequest, context: CallContext, as?: Settings["as"]): Prepared {
    if (isUrl(request)) return { own: context, prepared: this.#contexts.prepare({ url: request }, context) };
    checkSpec(request);
    const own = this.#contexts.withOptions(context, request, "request", as);
    return { own, prepared: this.#contexts.prepare(request, own) };
  }

  #sendPage({ own, prepared }: Prepared, { isForeign, ownHeaders, signal, sink }: PageFetch): void {
    const { sensitive } = this.#dispatcher;
    const withheld = isForeign
      ? new Set([...sensitive].filter((name) => !ownHeaders.includes(name)))
      : undefined;
    const context = this.#contexts.contextOf({ ...own, signals: [...own.signals, signal] });
    const call = this.#dispatcher.begin(context, { ...prepared, withheld }, sink);
    context.allowance!.active++;
    this.#dispatcher.launch(call)?.run();
  }

  /** Makes a stream of the items of a source. The stream makes the source when the consumer asks for the first item. */
  #items<T>(
    signals: readonly AbortSignal[],
    load: (streamContext: StreamContext) => Promise<ItemSource<unknown>>,
  ): ItemStream<T> {
    return new ItemStream<T>({
      load: () => load(this.#streamContext) as Promise<ItemSource<T>>,
      // If both have happened, the consumer gets the reason of its own signal.
      stopped: () => signals.find(({ aborted }) => aborted) ?? this.#dispatcher.lifetime.closing,
    });
  }

  /** Does what {@linkcode Client.download} says. */
  async download(
    request: FetchRequest,
    to: DownloadTarget,
    options: DownloadOptions = {},
  ): Promise<DownloadResult> {
    this.#ofDownloads ??= { ...this.#contexts.plain.bytes.settings, cache: "no-store" };
    const sending = this.#streamRequest(request, options, "download", this.#ofDownloads);
    const own = { ...options };
    // Keep the modules: another `import()` takes as long as a third of a small download.
    const [{ RepeatedRequest }, { download }] = downloads ??= await loadDownloads();
    const { backoff, deadlines } = this.#dispatcher.pipeline.environment;
    return await download(
      new RepeatedRequest<ReceivedResponse>(sending),
      { ...this.#streamContext, backoff, deadlines, reporter: this.#reporter },
      to,
      own,
    );
  }

  /** Prepares a request whose body is read part by part, maybe from several responses. */
  #streamRequest(
    request: FetchRequest,
    options: RequestOptions,
    of: OptionsOf,
    settings: Settings,
  ): RepeatedRequestOptions {
    const readsChunks = of === "download";
    const as = readsChunks ? "bytes" : undefined;
    const plain = this.#contexts.contextOf({ settings, streams: true, rejectsStatus: true, readsChunks });
    const { own, prepared: plainly } = this.#prepare(
      request,
      this.#contexts.withOptions(plain, options, of, as),
      as,
    );
    // A browser's own cache must have no part in a subscription.
    const prepared = of === "events" && !currentRuntime.showsRedirects
      ? { ...plainly, init: { cache: "no-store", ...plainly.init } as const }
      : plainly;
    return {
      dispatcher: this.#dispatcher,
      contexts: this.#contexts,
      context: own,
      prepared,
      // The reader decodes the parts itself.
      sending: { ...own.settings, as: "bytes", ...readsChunks ? OF_DOWNLOADS : {} },
      // Each connection of a subscription is a request of its own.
      countsAlone: of === "events",
    };
  }
}

/** A request that is ready to be sent, with its options. */
interface Prepared {
  readonly own: CallContext;
  readonly prepared: PreparedRequest;
}

/** Loads the code of downloads. */
function loadDownloads(): Promise<
  [typeof import("./repeated_request.ts"), typeof import("../download/download.ts")]
> {
  return Promise.all([import("./repeated_request.ts"), import("../download/download.ts")]);
}

/** Copies a request, because the caller may change the object later. */
function copyOf(request: FetchRequest): FetchRequest {
  if (typeof request === "string") return request;
  if (isUrl(request)) return String(request);
  checkSpec(request);
  const { url, headers } = request;
  const own = headers === undefined ? {} : { headers: toHeaderMap(headers, "the request") };
  return { ...request, ...own, url: isUrl(url) ? String(url) : url };
}

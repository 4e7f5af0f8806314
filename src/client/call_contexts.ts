/**
 * The contexts of a client's requests: settings, headers and signals that requests have in common, from the client's defaults and
 * the options that are laid over them.
 *
 * @module
 */

import {
  type HeaderMap,
  isEmpty,
  mergeHeaders,
  needsOwnRedirects,
  NO_HEADERS,
  toHeaderMap,
} from "../http/headers.ts";
import { ownAdditions, type PreparedRequest, prepareRequest, type RequestInput } from "../http/request.ts";
import { asksServer } from "../policies/cache_mode.ts";
import type { CallContext } from "../policies/call.ts";
import { withAccept } from "../policies/default_headers.ts";
import type { Settings } from "../policies/settings.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { checkRequestOptions, type OptionsOf } from "./option_checks.ts";
import type { ClientOptions } from "./options.ts";
import type { Pipeline } from "./pipeline.ts";
import type { RequestOptions } from "./request.ts";
import { clientSettings, withOptions } from "./settings.ts";

const NOTHING: RequestOptions = {};
const NO_SIGNALS: readonly AbortSignal[] = [];

/** Makes the contexts of a client's requests, once for all requests that have the same one. */
export class CallContexts {
  readonly #dispatcher: Dispatcher;
  /** The contexts of requests without options, by how their bodies are decoded. */
  readonly plain: Readonly<Record<Settings["as"], CallContext>>;
  /** The context of `client.fetch` without options, which returns the response itself. */
  readonly plainFetch: CallContext;

  /**
   * Creates the contexts of requests without options, from the client's options and the defaults.
   *
   * @param options The client's options, checked.
   * @param dispatcher Sends the requests.
   */
  constructor(options: ClientOptions, dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher;
    const { onOpen, patienceMs } = options.circuitBreaker || {};
    // With `clientHeadersTo: "mirrors"`, not every request carries the client's key.
    const hasKey = "idempotency-key" in dispatcher.headers && options.clientHeadersTo !== "mirrors";
    const json = clientSettings({
      ...options,
      idempotent: hasKey ? true : undefined,
      cache: undefined,
      hedge: options.hedge === false ? false : undefined,
      onOpen,
      patienceMs,
    });
    const plain = (settings: Settings): CallContext => this.contextOf({ settings, streams: false });
    this.plain = {
      json: plain(json),
      text: plain({ ...json, as: "text" }),
      bytes: plain({ ...json, as: "bytes" }),
    };
    this.plainFetch = this.contextOf({ settings: this.plain.bytes.settings, streams: true });
  }

  /**
   * Lays options over a context.
   *
   * @param base The context so far.
   * @param options The options.
   * @param of What the options belong to.
   * @param as How to decode bodies, whatever the options say; absent if the options decide.
   * @throws {TypeError} If an option does not exist or has the wrong type.
   * @throws {RangeError} If the value of an option is out of range.
   */
  withOptions(
    base: CallContext,
    options: RequestOptions,
    of: OptionsOf,
    as: Settings["as"] | undefined,
  ): CallContext {
    checkRequestOptions(options, of);
    // A batch listens to its signal itself, once for all of its requests.
    const signal = of === "batch" ? undefined : options.signal;
    // The headers, `json` and `query` of a request come with the request itself.
    const { headers, json, query } = of === "request" ? NOTHING : options;
    const settings = withOptions(base.settings, options, as);
    const hasAdditions = json !== undefined || query !== undefined;
    if (settings === base.settings && signal === undefined && headers === undefined && !hasAdditions) {
      return base;
    }
    let { additions } = base;
    // The requests of a batch are prepared one by one, and those of pages even later.
    const isLater = of === "batch" || of === "pages";
    if (hasAdditions) additions = isLater ? ownAdditions({ json, query }) : { json, query };
    return this.contextOf({
      ...base,
      settings,
      signals: signal === undefined ? base.signals : [...base.signals, signal],
      headers: headers === undefined ? base.headers : toHeaderMap(headers, "the request"),
      additions,
    });
  }

  /** Makes a context. Members that are left out are those of a plain request. */
  contextOf(
    {
      settings,
      streams,
      signals = NO_SIGNALS,
      headers = NO_HEADERS,
      additions,
      allowance,
      scope,
      rejectsStatus = false,
      readsChunks = false,
      avoided,
      continues,
      earlierAttempts,
      spentMs,
    }: Pick<CallContext, "settings" | "streams"> & Partial<CallContext>,
  ): CallContext {
    return {
      settings,
      signals,
      headers,
      additions,
      allowance,
      scope,
      streams,
      rejectsStatus,
      readsChunks,
      avoided,
      continues,
      earlierAttempts,
      spentMs,
      isBackground: false,
      owner: this.#dispatcher,
      straightHeaders: straightHeaders(this.#dispatcher.pipeline, settings, headers),
    };
  }

  /**
   * Prepares a request for sending.
   *
   * @throws {TypeError} If its URL, a header or its body is malformed.
   */
  prepare(
    input: RequestInput,
    { headers, additions, settings: { idempotent } }: CallContext,
  ): PreparedRequest {
    const { lanes: { origins }, baseUrl, pipeline: { environment: { hasOwnFetch } } } = this.#dispatcher;
    return prepareRequest(input, { origins, baseUrl, headers, additions, idempotent, hasOwnFetch });
  }
}

/**
 * Makes the headers of requests that go the straight way without headers of their own.
 *
 * @param pipeline The client's pipeline.
 * @param settings The settings of the requests.
 * @param headers The headers of their context.
 * @returns All of their headers; `undefined` if they can't go the straight way.
 */
export function straightHeaders(
  { environment, isStraight, mirrors, sensitive, headers: common }: Pipeline,
  { maxBodyBytes, onProgress, cache, as }: Settings,
  headers: HeaderMap,
): HeaderMap | undefined {
  if (!isStraight || maxBodyBytes !== Infinity || onProgress !== undefined) return undefined;
  if (cache === "only-if-cached" || asksServer(cache)) return undefined;
  // With one base URL, a relative request is as plain as any other. If that mirror has headers of its own, they must not go
  // elsewhere.
  const base = mirrors.length === 1 ? mirrors[0]! : undefined;
  if (mirrors.length > 1 || (base !== undefined && base.headers !== common)) return undefined;
  // A call in line must hear when the mirrors change, which is for the general way.
  if (base?.inLine !== undefined) return undefined;
  const all = withAccept(mergeHeaders(common, headers), as);
  if (!environment.runtime.showsRedirects && needsOwnRedirects(all, sensitive)) return undefined;
  return isEmpty(all) ? NO_HEADERS : all;
}

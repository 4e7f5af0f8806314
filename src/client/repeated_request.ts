/**
 * A request that is sent as often as its reader needs, such as that of a download.
 *
 * @module
 */

import { isHttpError } from "../errors.ts";
import { type HeaderMap, mergeHeaders } from "../http/headers.ts";
import type { PreparedRequest } from "../http/request.ts";
import { redactUrl } from "../http/url.ts";
import type { Call, CallContext } from "../policies/call.ts";
import type { RequestEvent } from "../policies/event.ts";
import type { Opener, OpenOptions, StreamRequest } from "../policies/opener.ts";
import type { Settings } from "../policies/settings.ts";
import type { CallContexts } from "./call_contexts.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { LeftMirrors } from "./left_mirrors.ts";

/** The parts of a {@linkcode RepeatedRequest}. */
export interface RepeatedRequestOptions {
  readonly dispatcher: Dispatcher;
  readonly contexts: CallContexts;
  readonly context: CallContext;
  readonly prepared: PreparedRequest;
  /** The settings of each sending. */
  readonly sending: Settings;
  /** Whether each sending is a request of its own, whose errors do not count the attempts of earlier ones. */
  readonly countsAlone: boolean;
}

/** One request, of which each sending is a call. There is one sending at a time. */
export class RepeatedRequest<R = Response> implements StreamRequest<R> {
  readonly method: string;
  readonly identity: string | undefined;
  readonly settings: Settings;
  readonly headers: HeaderMap;
  readonly isRepeatable: boolean;
  readonly signals: readonly AbortSignal[];
  readonly #options: RepeatedRequestOptions;
  /** The sending under way. */
  #opening: Call | undefined;
  /** The latest sending that has ended. */
  #latest: Call | undefined;
  readonly #left = new LeftMirrors();
  #continues = false;
  #retries = 0;
  #failure: unknown;

  /** Creates a request that is not sent yet. */
  constructor(options: RepeatedRequestOptions) {
    const { dispatcher, context, prepared: { method, url, headers, body, absolute, repeatable } } = options;
    const bases = absolute ? [] : dispatcher.mirrors.map((mirror) => mirror.base);
    this.#options = options;
    this.method = method;
    this.identity = body === null ? [method, url, ...bases].join(" ") : undefined;
    this.settings = context.settings;
    this.headers = headers;
    this.isRepeatable = repeatable;
    this.signals = context.signals;
  }

  readonly open: Opener<R> = (options = {}) =>
    new Promise((resolve, reject) => {
      const { dispatcher, prepared } = this.#options;
      const { headers } = options;
      const sent = headers === undefined
        ? prepared
        : { ...prepared, headers: mergeHeaders(this.headers, headers) };
      const onSettled = (call: Call, ok: boolean, value: unknown): void => {
        this.#latest = call;
        this.#opening = undefined;
        this.#continues ||= call.attemptsInAll > 0;
        if (ok) resolve(value as R);
        else reject(value);
      };
      const call = dispatcher.begin(this.#contextOf(options), sent, { onSettled });
      if (!call.settled) this.#opening = call;
      dispatcher.launch(call)?.run();
    });

  #contextOf({ signal, spentMs }: OpenOptions): CallContext {
    const { contexts, context, sending, countsAlone } = this.#options;
    return contexts.contextOf({
      ...context,
      settings: sending,
      signals: signal === undefined ? this.signals : [...this.signals, signal],
      avoided: this.#left.avoided,
      continues: this.#continues,
      earlierAttempts: countsAlone ? undefined : this.#latest?.attemptsInAll,
      spentMs,
    });
  }

  leaveMirror(error: unknown): boolean {
    const { dispatcher: { mirrors, pipeline: { environment: { reporter } } } } = this.#options;
    const target = this.#latest?.target;
    const mirror = target?.mirror;
    if (mirror === undefined) return false;
    this.#failure = error;
    const next = this.#left.add(this.#latest!, { mirror, target: target!, error }, mirrors);
    if (next !== undefined && reporter.active) {
      const [from, to] = [mirror.lane.key, next.lane.key];
      reporter.emit({ type: "mirror", ...this.#about(error), from, to });
    }
    return next !== undefined;
  }

  get failure(): unknown {
    return this.#opening?.journey.failure ?? this.#failure;
  }

  noteRetry(error: unknown, delayMs: number): void {
    const { counters, reporter } = this.#options.dispatcher.pipeline.environment;
    this.#failure = error;
    counters.retried++;
    this.#retries++;
    if (!reporter.active) return;
    reporter.emit({ type: "retry", ...this.#about(error), retry: this.#retries, delayMs });
  }

  /** The facts for an event about the failure of the latest sending. */
  #about(error: unknown): RequestEvent & { readonly reason: string } {
    const reason = isHttpError(error) ? String(error.status) : (error as Error).name;
    const { clock } = this.#options.dispatcher.pipeline.environment;
    return { requestId: this.#latest!.id, atMs: clock.now(), reason };
  }

  get attempts(): number {
    return this.#latest?.attemptsInAll ?? 0;
  }

  describe(): ReturnType<StreamRequest["describe"]> {
    const { method, url } = this.#options.prepared;
    return (this.#opening ?? this.#latest)?.describe() ?? { url: redactUrl(url), method, attempts: 0 };
  }
}

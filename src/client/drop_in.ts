/**
 * The drop-in `fetch` of a client.
 *
 * @module
 */

import { TimeoutError } from "../errors.ts";
import type { RequestInput } from "../http/request.ts";
import { replayableBody } from "../http/request_body.ts";
import { redactUrl } from "../http/url.ts";
import type { CallContext } from "../policies/call.ts";
import { deferred } from "../primitives/deferred.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { CallContexts } from "./call_contexts.ts";
import type { Client } from "./client.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { fromFetchArguments, isLocal } from "./fetch_arguments.ts";
import { dropIn } from "./global_fetch.ts";
import { PromiseSink } from "./outcome.ts";

/**
 * Makes the `fetch` of a client, which does what {@linkcode Client.fetch} says. It works without its client as `this`, because
 * programs hand a `fetch` on.
 *
 * @param dispatcher Sends the requests.
 * @param contexts The contexts of the client's requests.
 */
export function dropInFetch(dispatcher: Dispatcher, contexts: CallContexts): Client["fetch"] {
  return dropIn((input, init, options) =>
    new Promise((resolve, reject) => {
      const { plainFetch } = contexts;
      if (typeof input === "string" && init === undefined && options === undefined) {
        const sink = new PromiseSink(resolve as (value: unknown) => void, reject);
        const call = dispatcher.tryBegin(plainFetch, input, sink);
        if (call !== undefined) return void dispatcher.launch(call)?.run();
      }
      if (isLocal(input)) return resolve(fetchLocally(dispatcher, input, init ?? {}));
      const { request, bodyOf, signals, cache } = fromFetchArguments(input, init ?? {});
      const { settings } = plainFetch;
      const plain: CallContext = cache === undefined && signals.length === 0
        ? plainFetch
        : contexts.contextOf({
          ...plainFetch,
          settings: cache === undefined ? settings : { ...settings, cache },
          signals,
        });
      const context = options === undefined ? plain : contexts.withOptions(plain, options, "fetch", "bytes");
      const sink = new PromiseSink(resolve as (value: unknown) => void, reject);
      const launch = (input: RequestInput, context: CallContext): void =>
        void dispatcher.launch(dispatcher.begin(context, contexts.prepare(input, context), sink))?.run();
      if (bodyOf === undefined) return launch(request, context);
      // Check everything else first, so that a malformed request throws before its body is touched.
      contexts.prepare({ ...request, body: new Uint8Array() }, context);
      const { clock } = dispatcher.pipeline.environment;
      const beganAtMs = clock.now();
      readBodyOf(bodyOf, context, dispatcher).then((body) =>
        launch({ ...request, body }, { ...context, spentMs: clock.now() - beganAtMs })
      ).catch(reject);
    })
  );
}

/** Fetches a `blob:`, `data:` or `file:` URL, which needs no network and no part of the client. */
function fetchLocally(
  { lifetime: { closing }, pipeline: { environment: { fetch } } }: Dispatcher,
  input: string | URL | Request,
  init: RequestInit,
): Promise<Response> {
  return closing === undefined ? fetch(input as string, init) : Promise.reject(closing.reason);
}

/**
 * Reads the body of a `Request` into a form that the client can send. Closing the client ends the reading, and so does
 * `totalTimeoutMs`.
 */
async function readBodyOf(
  request: Request,
  { signals, settings: { totalTimeoutMs } }: CallContext,
  { lifetime, deadlines }: Dispatcher,
): Promise<Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>> {
  const closing = new AbortController();
  // In workers, only the incoming request that reads the body may abort the reading. Code after a promise runs in the request
  // that made the promise, so abort after one.
  const { promise, resolve } = deferred<() => void>();
  promise.then((stop) => stop());
  const onClose = (reason: unknown) => resolve(() => closing.abort(reason));
  if (lifetime.closing !== undefined) closing.abort(lifetime.closing.reason);
  const deadline = deadlines.add({
    isTimeout: true,
    onDeadline() {
      const about = { method: request.method, url: redactUrl(request.url), attempts: 0 };
      const what = `longer than 'totalTimeoutMs': ${totalTimeoutMs}, while its body was read`;
      const message = `${about.method} ${about.url} took ${what}`;
      onClose(new TimeoutError(message, { ...about, kind: "total", timeoutMs: totalTimeoutMs }));
    },
  }, totalTimeoutMs);
  const target = { onClose };
  lifetime.add(target);
  try {
    const isWhole = !currentRuntime.showsRedirects;
    return await replayableBody(request, { signals: [...signals, closing.signal], isWhole });
  } finally {
    lifetime.delete(target);
    deadlines.remove(deadline);
  }
}

/**
 * Fetches many files of any sessions in parallel.
 *
 * @module
 */

import { reporterOf } from "../client/create_client.ts";
import type { Failure } from "../client/outcome.ts";
import type { RequestSpec } from "../client/request.ts";
import { isDataNotFoundError } from "../errors.ts";
import { sourceError } from "./missing_file.ts";
import { sessionFolder } from "./path.ts";
import type { PayloadOf } from "./payload.ts";
import { type F1BatchOptions, payloadRequest, type SourceContext } from "./payload_request.ts";

/** A file: the season, the event's name, the session's name, and the path inside the session's folder. */
export type F1Request<Path extends string = string> = readonly [
  year: number,
  event: string,
  session: string,
  path: Path,
];

/** The results of a list of requests: for each request the payload or `null`. */
export type PayloadsOf<Requests extends readonly F1Request[]> = {
  -readonly [Index in keyof Requests]: PayloadOf<Requests[Index][3]> | null;
};

/**
 * Fetches many files.
 *
 * @param context The source.
 * @param requests The files, pulled one by one as permits allow.
 * @param options Options of the requests.
 * @param signals The signals that end the whole call.
 * @returns The payloads, in input order.
 */
export async function fetchMultiple(
  context: SourceContext,
  requests: Iterable<F1Request> | AsyncIterable<F1Request>,
  options: F1BatchOptions,
  signals: readonly (AbortSignal | undefined)[],
): Promise<unknown[]> {
  const payloads: unknown[] = [];
  const asked: { readonly place: number; readonly url: string }[] = [];

  async function* valid(): AsyncGenerator<RequestSpec, undefined, undefined> {
    for await (const request of requests) {
      const place = payloads.push(null) - 1;
      try {
        const [year, event, session, path] = request;
        const spec = payloadRequest(context, sessionFolder(year, event, session), path, options);
        asked.push({ place, url: String(spec.url) });
        yield spec;
      } catch (error) {
        // One bad request must not end the others.
        warn(context, `Request ${place} names no file`, error);
      }
    }
  }

  for await (const outcome of context.client.stream(valid(), options)) {
    const { place, url } = asked[outcome.index]!;
    if (outcome.ok) payloads[place] = outcome.value;
    else reportFailure(context, outcome, url, signals);
  }
  return payloads;
}

/** Ignores a missing file, throws if one of the signals has aborted, and warns of any other failure. */
function reportFailure(
  context: SourceContext,
  failure: Failure,
  url: string,
  signals: readonly (AbortSignal | undefined)[],
): void {
  if (isDataNotFoundError(sourceError(failure.error))) return;
  for (const signal of signals) signal?.throwIfAborted();
  warn(context, `Could not fetch ${url}: ${failure.error.message}`, failure.error);
}

function warn(context: SourceContext, message: string, error: unknown): void {
  const reporter = reporterOf(context.client);
  if (!reporter.active) return;
  reporter.emit({ type: "warning", atMs: context.clock.now(), source: "f1", message, error });
}

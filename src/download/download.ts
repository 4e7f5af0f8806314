/**
 * Downloads a file to the disk or to a stream. A later download can resume one that was interrupted.
 *
 * @module
 */

import { sha256 } from "../cache/sha256.ts";
import { type InvalidDataError, isInvalidDataError } from "../errors.ts";
import type { ReceivedResponse } from "../http/tracked_response.ts";
import { redactUrl } from "../http/url.ts";
import type { DownloadDetails, DownloadResult, DownloadTarget } from "../policies/download_terms.ts";
import type { Reporter } from "../policies/event.ts";
import type { StreamContext, StreamRequest } from "../policies/opener.ts";
import { progressTeller } from "../policies/progress.ts";
import type { Backoff } from "../primitives/backoff.ts";
import type { Deadline, Deadlines } from "../primitives/deadline_queue.ts";
import { Interruption } from "../streams/interruption.ts";
import { totalTimeout } from "../streams/total_time.ts";
import { beginHash, digestHex } from "./download_digest.ts";
import type { DownloadSink } from "./download_sink.ts";
import { openFileSink } from "./file_sink.ts";
import { type ExpectedDigest, GrowingFile } from "./growing_file.ts";
import { StreamSink } from "./stream_sink.ts";
import { Transfer, type TransferOptions } from "./transfer.ts";

/** The request of a download. */
export type DownloadRequest = StreamRequest<ReceivedResponse>;

/** The parts of the client that a download needs. */
export interface DownloadContext extends StreamContext {
  readonly backoff: Backoff;
  readonly deadlines: Deadlines;
  readonly reporter: Reporter;
}

/**
 * Downloads a file; see `client.download()`.
 *
 * @param request The request.
 * @param context The parts of the client that it needs.
 * @param to The file or the stream to write to.
 * @param details The options of the download.
 * @returns The result.
 */
export async function download(
  request: DownloadRequest,
  context: DownloadContext,
  to: DownloadTarget,
  details: DownloadDetails,
): Promise<DownloadResult> {
  checkTarget(to);
  checkRequest(request);
  const { digest } = details;
  const expected = digest && { hex: digestHex(digest), begin: () => beginHash(digest) };
  // Check now, and not after the first response, whether this runtime can compute the hash.
  expected?.begin();
  throwIfStopped(request, context, to);
  const stop = new Stop(request, context.deadlines, to);
  try {
    return await downloadUntil(stop, request, context, { to, expected, details });
  } finally {
    stop.end();
  }
}

/** Throws the reason if a signal has aborted or the client was closed before the download began; then also aborts the stream. */
function throwIfStopped(
  { signals }: DownloadRequest,
  { closings: { closing } }: DownloadContext,
  to: DownloadTarget,
): void {
  const stopped = signals.find(({ aborted }) => aborted) ?? closing;
  if (stopped === undefined) return;
  // The outcome does not matter. A locked stream belongs to another writer, and rejects the abort.
  if (to instanceof WritableStream) to.abort(stopped.reason).catch(() => {});
  throw stopped.reason;
}

interface Job {
  readonly to: DownloadTarget;
  readonly expected: ExpectedDigest | undefined;
  readonly details: DownloadDetails;
}

async function downloadUntil(
  stop: Stop,
  request: DownloadRequest,
  context: DownloadContext,
  { to, expected, details }: Job,
): Promise<DownloadResult> {
  const startedAtMs = context.clock.now();
  const interruption = new Interruption(context, signalsOf(request, stop));
  const sink = await openSink(request, context, to, {
    ...details,
    onBreak: (error) => stop.now(error),
    delay: (ms) => interruption.delay(ms),
  });
  const file = new GrowingFile({ sink, digest: expected, interruption });
  const transfer = new Transfer({
    request,
    file,
    backoff: context.backoff,
    interruption,
    signal: stop.signal,
    compression: details.compression ?? false,
    onChunk: progressOf(request, context, file),
  });
  const response = await transferTo(sink, file, transfer, leavesParts(request, details));
  const isUnchanged = response.status === 304;
  return {
    path: sink.path,
    url: response.url === "" ? request.describe().url : response.url,
    status: response.status,
    headers: response.headers,
    bytes: isUnchanged ? 0 : file.position,
    resumedFrom: isUnchanged ? 0 : file.resumedFrom,
    etag: response.headers.get("etag") ?? undefined,
    attempts: transfer.attempts,
    durationMs: context.clock.now() - startedAtMs,
  };
}

async function transferTo(
  sink: DownloadSink,
  file: GrowingFile,
  transfer: Transfer,
  resumes: boolean,
): Promise<ReceivedResponse> {
  try {
    const response = await transfer.run();
    if (response.status === 304) {
      await sink.abandon(true, new DOMException("Nothing has changed", "AbortError"));
    } else await file.finish();
    return response;
  } catch (error) {
    await sink.abandon(resumes && file.isResumable && !isWrong(error), error);
    throw error;
  }
}

/**
 * Whether a later download may use an incomplete file. Not for a request with a body, because a later download could not tell
 * whether its request is the same.
 */
function leavesParts(
  { identity, isRepeatable }: DownloadRequest,
  { resume = true }: DownloadDetails,
): boolean {
  return resume && isRepeatable && identity !== undefined;
}

/** Whether an error means that the received bytes are wrong. An HTML page in place of the rest says nothing about them. */
function isWrong(error: unknown): error is InvalidDataError {
  return isInvalidDataError(error) && error.reason !== "content-type";
}

interface SinkDetails extends DownloadDetails {
  readonly onBreak: (error: unknown) => void;
  readonly delay: (ms: number) => Promise<void>;
}

async function openSink(
  request: DownloadRequest,
  { clock }: DownloadContext,
  to: DownloadTarget,
  details: SinkDetails,
): Promise<DownloadSink> {
  if (to instanceof WritableStream) return new StreamSink(to, details.onBreak);
  return await openFileSink(to, {
    source: () => sha256(request.identity ?? ""),
    resumes: leavesParts(request, details),
    overwrites: details.overwrite ?? true,
    wallNow: () => clock.wallNow(),
    delay: details.delay,
  });
}

/**
 * Matches paths whose last segment is not a file name. Without this check, that segment would be dropped, and a file would take
 * the place of a folder.
 */
const FOLDER = /(?:^|\/)\.{0,2}$/;

function checkTarget(to: unknown): asserts to is DownloadTarget {
  if (to instanceof WritableStream) return;
  const isPath = typeof to === "string" || to instanceof URL;
  if (isPath && !FOLDER.test(String(to))) return;
  const received = to === ""
    ? "an empty string"
    : isPath
    ? `'${to}', which can only be a folder`
    : typeof to === "object" && to !== null
    ? "an object"
    : String(to);
  throw new TypeError(
    `Cannot download as 'to' must be the path of a file, its URL or a WritableStream: received ${received}`,
  );
}

/** Throws for a HEAD, which has no body, and for range headers, which the download sets itself. */
function checkRequest({ headers, method }: DownloadRequest): void {
  if (method === "HEAD") {
    throw new TypeError("Cannot download as the 'method' must not be HEAD, whose response has no body");
  }
  for (const name of ["range", "if-range"]) {
    if (!(name in headers)) continue;
    throw new TypeError(`Cannot download as the header '${name}' must be left to the download itself`);
  }
}

function progressOf(
  request: DownloadRequest,
  context: DownloadContext,
  file: GrowingFile,
): TransferOptions["onChunk"] {
  const { onProgress } = request.settings;
  if (onProgress === undefined) return undefined;
  const tell = progressTeller(context);
  return (attempt, response) => {
    const { position: bytes, totalBytes } = file;
    const url = response.url === "" ? request.describe().url : redactUrl(response.url);
    tell(onProgress, { url, attempt, bytes, totalBytes });
  };
}

function signalsOf({ signals }: DownloadRequest, { signal }: Stop): readonly AbortSignal[] {
  return signal === undefined ? signals : [...signals, signal];
}

/** Ends everything that a download waits for when its total time is over, or when its stream has failed. */
class Stop {
  /** Absent if neither can happen. */
  readonly #controller: AbortController | undefined;
  readonly #deadlines: Deadlines;
  readonly #deadline: Deadline | undefined;

  constructor(request: DownloadRequest, deadlines: Deadlines, to: DownloadTarget) {
    const { totalTimeoutMs: timeoutMs } = request.settings;
    this.#deadlines = deadlines;
    if (timeoutMs === Infinity && !(to instanceof WritableStream)) return;
    this.#controller = new AbortController();
    if (timeoutMs === Infinity) return;
    const onDeadline = (): void => this.now(totalTimeout(request));
    this.#deadline = deadlines.add({ isTimeout: true, onDeadline }, timeoutMs);
  }

  get signal(): AbortSignal | undefined {
    return this.#controller?.signal;
  }

  now(reason: unknown): void {
    this.#controller?.abort(reason);
  }

  end(): void {
    if (this.#deadline !== undefined) this.#deadlines.remove(this.#deadline);
  }
}

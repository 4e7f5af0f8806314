/**
 * The inputs of `get`, each sent, received and answered for.
 *
 * @module
 */

import type { Client } from "../client/client.ts";
import type { RequestOptions } from "../client/request.ts";
import { TimeoutError } from "../errors.ts";
import { isIdempotentMethod } from "../http/classify.ts";
import { isAbsoluteUrl, shownUrl } from "../http/url.ts";
import { backoff } from "../primitives/backoff.ts";
import { type Clock, timerDelay } from "../primitives/clock.ts";
import { type CallRecord, CallTracker } from "./call_tracker.ts";
import { errorRecord } from "./error_record.ts";
import type { BadInput, Input } from "./inputs.ts";
import { JobPool } from "./job_pool.ts";
import type { RequestParts } from "./request_parts.ts";
import type { Run } from "./run.ts";
import type { FailedJob, Job, Sink } from "./sink.ts";
import { excerptOf, statusError } from "./status_error.ts";
import { hashText } from "./text_hash.ts";
import { continuesAt, isUnsuited, rangeHeaders, type ResumePoint, Transfer } from "./transfer.ts";

/** Options of {@linkcode runGetJobs}. */
export interface GetJobsOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly run: Run;
  readonly sink: Sink;
  readonly inputs: AsyncIterable<Input | BadInput>;
  /** What every request has that says nothing else. */
  readonly parts: RequestParts;
  /** Options of every request. */
  readonly request: RequestOptions;
  /** How many may be under way at once. */
  readonly concurrency: number;
  /** How often a body that broke off is asked for again. */
  readonly maxRetries: number;
  /** How long a job may take in all, in milliseconds. */
  readonly totalTimeoutMs: number | undefined;
  /** Whether the body of an answer that is no success goes where bodies go. */
  readonly takesErrorBodies: boolean;
  /** Whether relative URLs go to mirrors. */
  readonly hasMirrors: boolean;
}

/** How many may sleep or wait for an origin in trouble while others go on. */
const MAX_WAITING = 1_000;

/**
 * Performs all inputs; whatever becomes of one is its outcome.
 *
 * @param options What to do.
 * @returns When all have ended, or the run was stopped.
 */
export async function runGetJobs(options: GetJobsOptions): Promise<void> {
  const { client, run, concurrency, inputs } = options;
  using tracker = new CallTracker(client, { onRoom: () => pool.pump() });
  const pool: JobPool<Input | BadInput> = new JobPool({
    inputs,
    signal: run.signal,
    // Those whose bodies have come and are still being written may be as many again.
    hasRoom: (outstanding) =>
      tracker.sending < concurrency && tracker.finishing < concurrency &&
      outstanding < concurrency + MAX_WAITING,
    perform: (input, index) => new GetJob(options, tracker, input, index).perform(),
  });
  await pool.run();
  run.total = pool.total ?? run.total;
}

/** One input. */
class GetJob implements CallRecord {
  attempts = 0;
  from: CallRecord["from"] = "network";
  isSending = false;
  readonly #options: GetJobsOptions;
  readonly #tracker: CallTracker;
  readonly #given: Input | BadInput;
  readonly #index: number;
  readonly #startedAtMs: number;
  #signal: AbortSignal;

  constructor(options: GetJobsOptions, tracker: CallTracker, input: Input | BadInput, index: number) {
    this.#options = options;
    this.#tracker = tracker;
    this.#given = input;
    this.#index = index;
    this.#startedAtMs = options.clock.now();
    this.#signal = options.run.signal;
  }

  /** Never rejects. */
  async perform(): Promise<void> {
    const { run, sink } = this.#options;
    this.#tracker.begin(this);
    const deadline = this.#armDeadline();
    try {
      if (!this.#given.ok) throw this.#given.error;
      await this.#exchange(this.#given);
    } catch (error) {
      if (run.isStop(error) || run.isStop((error as Error | undefined)?.cause)) sink.skip?.(this.#index);
      else await this.#fail(error);
    } finally {
      if (deadline !== undefined) this.#options.clock.clearTimeout(deadline);
      this.#tracker.end(this);
    }
  }

  /** Sends and receives, unless that was done by an earlier run. */
  async #exchange(input: Input): Promise<void> {
    const { run, sink } = this.#options;
    const request = this.#request(input);
    const job = this.#job(input, request.variant);
    if (sink.has !== undefined && await sink.has(job)) return void run.skipped++;
    let from = await sink.find?.(job);
    let response = await this.#open(request, from);
    if (from !== undefined && isUnsuited(response) && !continuesAt(response, from)) {
      response.body?.cancel().catch(() => {}); // of no use, and nothing to be done about
      from = undefined;
      response = await this.#open(request, undefined);
    }
    const isSuccess = response.ok || response.status === 304;
    if (!isSuccess && !this.#options.takesErrorBodies) throw await this.#statusError(request, response);
    const failure = isSuccess ? undefined : this.#errorOf(request, response, "");
    await sink.take(this.#job(input, request.variant), this.#transfer(request, response, from), failure);
    if (failure === undefined) run.succeeded++;
    else await this.#say(failure);
  }

  #transfer(request: PreparedRequest, response: Response, from: ResumePoint | undefined): Transfer {
    const { run, maxRetries } = this.#options;
    return new Transfer(response, {
      from,
      isRepeatable: request.isRepeatable,
      maxRetries,
      reopen: async (from) => {
        const again = await this.#open(request, from);
        if (again.ok || isUnsuited(again)) return again;
        throw await this.#statusError(request, again);
      },
      pause: (retry) => this.#pause(retry),
      onBytes: (bytes) => run.received = (run.received ?? 0) + bytes,
    });
  }

  #open({ url, init }: PreparedRequest, from: ResumePoint | undefined): Promise<Response> {
    const { request } = this.#options;
    const sent = from === undefined ? init : { ...init, headers: { ...init.headers, ...rangeHeaders(from) } };
    const options = this.#signal === request.signal ? request : { ...request, signal: this.#signal };
    return this.#tracker.fetch(this, url, sent, options);
  }

  #request({ text, url, parts }: Input): PreparedRequest {
    const { parts: common, hasMirrors } = this.#options;
    const body = parts.body ?? common.body;
    const method = parts.method ?? common.method ?? (body === undefined ? "GET" : "POST");
    const headers = { ...common.headers, ...parts.headers };
    const isPlain = method === "GET" && body === undefined && parts.headers === undefined;
    return {
      url: hasMirrors && !isAbsoluteUrl(text) ? text : url.href,
      shown: url.href,
      init: { method, headers, ...(body === undefined ? {} : { body }) },
      // The caller's own range leaves no room for another one.
      isRepeatable: isIdempotentMethod(method) && !("range" in headers),
      variant: isPlain ? "" : JSON.stringify([method, hashText(bodyText(body)), parts.headers ?? {}]),
    };
  }

  #job(input: Input, variant: string): Job {
    return { ...this.#told(), input, variant, from: this.from };
  }

  #told(): FailedJob {
    const durationMs = this.#options.clock.now() - this.#startedAtMs;
    return { index: this.#index, input: this.#given, attempts: this.attempts, durationMs };
  }

  async #statusError(request: PreparedRequest, response: Response): Promise<Error> {
    return this.#errorOf(request, response, await excerptOf(response));
  }

  #errorOf({ shown, init: { method } }: PreparedRequest, response: Response, body: string): Error {
    const isStored = this.from === "cache" || this.from === "stale";
    const url = response.url === "" ? shown : response.url;
    return statusError(response, { method, url, attempts: this.attempts, isStored, body });
  }

  async #fail(error: unknown): Promise<void> {
    const { run, sink } = this.#options;
    const attempts = this.attempts || (errorRecord(error).attempts ?? 0);
    try {
      await sink.fail?.({ ...this.#told(), attempts }, error);
    } catch (failure) {
      // The failure can't be written down; it is said all the same.
      await run.warn(`${this.#given.where}: ${errorRecord(failure).message}`);
    }
    await this.#say(error);
  }

  async #say(error: unknown): Promise<void> {
    const { where, text } = this.#given;
    await this.#options.run.fail({ error, where, subject: shownUrl(text) });
  }

  #armDeadline(): unknown {
    const { totalTimeoutMs, clock, run } = this.#options;
    if (totalTimeoutMs === undefined) return undefined;
    const controller = new AbortController();
    this.#signal = AbortSignal.any([run.signal, controller.signal]);
    return clock.setTimeout(() => {
      const url = shownUrl(this.#given.text);
      const message = `${url} took longer than ${totalTimeoutMs} ms in all`;
      controller.abort(
        new TimeoutError(message, { kind: "total", timeoutMs: totalTimeoutMs, url, attempts: this.attempts }),
      );
    }, timerDelay(totalTimeoutMs));
  }

  async #pause(retry: number): Promise<void> {
    const { clock } = this.#options;
    const delayMs = delayOf(retry);
    await new Promise<void>((resolve, reject) => {
      const abort = () => {
        clock.clearTimeout(timer);
        reject(this.#signal.reason);
      };
      const timer = clock.setTimeout(() => {
        this.#signal.removeEventListener("abort", abort);
        resolve();
      }, timerDelay(delayMs));
      this.#signal.addEventListener("abort", abort, { once: true });
      if (this.#signal.aborted) abort();
    });
  }
}

/** A request, ready to be sent. */
interface PreparedRequest {
  /** Relative for mirrors. */
  readonly url: string;
  /** Absolute. */
  readonly shown: string;
  readonly init: {
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string | Uint8Array<ArrayBuffer>;
  };
  readonly isRepeatable: boolean;
  readonly variant: string;
}

const delayOf = backoff();

function bodyText(body: string | Uint8Array<ArrayBuffer> | undefined): string {
  return typeof body === "object" ? new TextDecoder("latin1").decode(body) : body ?? "";
}

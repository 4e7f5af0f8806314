/**
 * The jobs of `get`: each sends the request of one input, passes the response to the sink, and reports a failure.
 *
 * @module
 */

import type { Client } from "../client/client.ts";
import { isAbsoluteUrl, shownUrl } from "../http/url.ts";
import type { Clock } from "../primitives/clock.ts";
import { errorLine, errorRecord } from "./error_record.ts";
import { Exchange, type ExchangeRequestOptions, type JobRequest } from "./exchange.ts";
import type { BadInput, Input } from "./inputs.ts";
import { JobPool } from "./job_pool.ts";
import { JobRoom } from "./job_room.ts";
import type { RequestParts } from "./request_parts.ts";
import type { Run } from "./run.ts";
import type { FailedJob, Job, Sink } from "./sink.ts";
import { hashBytes, hashText } from "./text_hash.ts";
import type { Rate } from "./values.ts";

/** Options of {@linkcode runGetJobs}. */
export interface GetJobsOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly run: Run;
  readonly sink: Sink;
  readonly inputs: AsyncIterable<Input | BadInput>;
  /** The method, headers and body from the flags, which every request has unless its input sets its own. */
  readonly parts: RequestParts;
  /** Options of every request. */
  readonly request: ExchangeRequestOptions;
  /** How many requests may be in flight at once. */
  readonly concurrency: number;
  /** The rate limit, if there is one. */
  readonly rate: Rate | undefined;
  /** Whether responses may come from a cache. */
  readonly usesCache: boolean;
  /** Whether the body of a response without a success status goes to the sink too. */
  readonly takesErrorBodies: boolean;
  /** Returns what the user of a failed input may have meant, if that can be guessed. */
  readonly hintFor: (given: Input | BadInput) => Promise<string | undefined>;
  /** Whether relative URLs go to mirrors. */
  readonly hasMirrors: boolean;
}

/**
 * Fetches all inputs. An input that fails is reported, and does not end the others.
 *
 * @param options What to fetch, with which client, and where the outcomes go.
 * @returns Resolves when all jobs have ended, or the run was stopped. Rejects with an error of `inputs` itself.
 */
export async function runGetJobs(options: GetJobsOptions): Promise<void> {
  const { client, run, inputs, sink, parts: { body } } = options;
  // Only a sink that knows the outcomes of earlier runs tells requests for one URL apart.
  const bodyHash = sink.has === undefined || typeof body !== "object" ? 0 : await hashBytes(body.stream());
  using room = new JobRoom({
    ...options,
    isTimed: options.request.totalTimeoutMs !== undefined,
    stats: () => client.stats(),
    stranded: () => sink.stranded ?? 0,
    onRoom: () => pool.pump(),
  });
  const pool: JobPool<Input | BadInput> = new JobPool({
    inputs,
    signal: run.signal,
    hasRoom: (outstanding) => room.has(outstanding),
    perform: (input, index) => new GetJob(options, bodyHash, input, index).perform(),
    onTotal: (total) => run.total = total,
  });
  await pool.run();
}

/** The job of one input. */
class GetJob {
  readonly #options: GetJobsOptions;
  /** The hash of the body of the flags, if it is no text. */
  readonly #bodyHash: number;
  readonly #given: Input | BadInput;
  readonly #index: number;
  readonly #startedAtMs: number;

  constructor(options: GetJobsOptions, bodyHash: number, given: Input | BadInput, index: number) {
    this.#options = options;
    this.#bodyHash = bodyHash;
    this.#given = given;
    this.#index = index;
    this.#startedAtMs = options.clock.now();
  }

  /** Fetches the input and reports its failure; never rejects. */
  async perform(): Promise<void> {
    const { run, sink } = this.#options;
    try {
      if (!this.#given.ok) throw this.#given.error;
      await this.#fetch(this.#given);
    } catch (error) {
      if (run.isStop(error) || run.isStop((error as Error | undefined)?.cause)) sink.skip?.(this.#index);
      else await this.#fail(error);
    }
  }

  /** Sends the request and gives the response to the sink, unless the sink has the outcome of an earlier run. */
  async #fetch(input: Input): Promise<void> {
    const { run, sink } = this.#options;
    const request = requestOf(input, this.#options);
    const job = this.#job(input, request);
    const exchange = this.#exchange(request, input.url.href);
    if (sink.has !== undefined && await sink.has(job, exchange)) return void run.skipped++;
    const failure = await sink.take(job, exchange);
    if (failure === undefined) run.succeeded++;
    else await this.#say(failure);
  }

  #exchange(request: JobRequest, shownUrl: string): Exchange {
    const { client, run, request: options, usesCache, takesErrorBodies } = this.#options;
    return new Exchange({ client, run, request, shownUrl, options, usesCache, takesErrorBodies });
  }

  #job(input: Input, request: JobRequest): Job {
    const elapsedMs = (): number => this.#elapsedMs;
    const hash = this.#bodyHash;
    return {
      index: this.#index,
      input,
      // Computed only for sinks that read it, because a body may be large.
      get variant() {
        return variantOf(input, request, hash);
      },
      get durationMs() {
        return elapsedMs();
      },
    };
  }

  get #elapsedMs(): number {
    return this.#options.clock.now() - this.#startedAtMs;
  }

  async #fail(error: unknown): Promise<void> {
    const { run, sink } = this.#options;
    run.failFast();
    const failed: FailedJob = {
      index: this.#index,
      input: this.#given,
      attempts: errorRecord(error).attempts ?? 0,
      durationMs: this.#elapsedMs,
    };
    try {
      await sink.fail?.(failed, error);
    } catch (failure) {
      // The sink can't record the failure; stderr names it all the same.
      await run.warn(`${this.#given.where}: ${errorLine(failure)}`);
    }
    await this.#say(error);
  }

  async #say(error: unknown): Promise<void> {
    const { where, text } = this.#given;
    const { run, hintFor } = this.#options;
    await run.fail({ error, where, subject: shownUrl(text) });
    const hint = await hintFor(this.#given);
    if (hint !== undefined) await run.warn(hint);
  }
}

function requestOf({ text, url, parts }: Input, { parts: common, hasMirrors }: GetJobsOptions): JobRequest {
  const body = parts.body ?? common.body;
  return {
    url: hasMirrors && !isAbsoluteUrl(text) ? text : url.href,
    method: parts.method ?? common.method ?? (body === undefined ? "GET" : "POST"),
    headers: { ...common.headers, ...parts.headers },
    body,
  };
}

function variantOf({ parts }: Input, { method, body }: JobRequest, hash: number): string {
  if (method === "GET" && body === undefined && parts.headers === undefined) return "";
  return JSON.stringify([
    method,
    typeof body === "object" ? hash : hashText(body ?? ""),
    parts.headers ?? {},
  ]);
}

/**
 * What a job sends and receives.
 *
 * @module
 */

import type { Client } from "../client/client.ts";
import type { CallOptions, FetchRequest, RequestSpec } from "../client/request.ts";
import { isConditional } from "../http/headers.ts";
import type { DownloadTarget } from "../policies/download_terms.ts";
import type { ValueSource } from "../policies/event.ts";
import type { Run } from "./run.ts";
import { excerptOf, statusError } from "./status_error.ts";
import { TransferProgress } from "./transfer_progress.ts";

/** The bytes of a body. */
export type Body = Uint8Array<ArrayBuffer>;

/** What was answered. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** How many attempts were made; 0 if no byte of a body has come that could say so. */
  readonly attempts: number;
  /** What is wrong with it, if its status is no success, and its body is taken all the same; to be asked for after the body. */
  readonly failure?: Error | undefined;
}

/** A response with its whole body. */
export interface WholeAnswer extends Answer {
  readonly from: ValueSource;
  readonly body: Body;
}

/** A response whose body is on its way. */
export interface OpenAnswer extends Answer {
  readonly statusText: string;
  /** To be read once, to its end or not at all. */
  readonly body: AsyncIterable<Body>;
}

/** What a job asks for. */
export interface JobRequest extends RequestSpec {
  /** Relative for mirrors. */
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body | string | undefined;
}

/** What holds for the requests of a run. */
export type ExchangeRequestOptions = Pick<CallOptions, "signal" | "onOpen" | "totalTimeoutMs">;

/** What an exchange is made of. */
export interface ExchangeOptions {
  readonly client: Client;
  readonly run: Run;
  readonly request: JobRequest;
  /** The absolute URL, for errors. */
  readonly shownUrl: string;
  readonly options: ExchangeRequestOptions;
  /** Whether what is downloaded may come from a cache. */
  readonly usesCache: boolean;
  /** Whether the body of a response that is no success is taken. */
  readonly takesErrorBodies: boolean;
}

/** How a download goes on. */
export interface DownloadOptions {
  /** What the progress calls it. */
  readonly name: string;
  /** Whether it takes up what an earlier run has left, and leaves something for a later one. */
  readonly resume: boolean;
  /** How many bytes an earlier run has left. */
  readonly present?: number | undefined;
}

/** Sends the request of one job, in the way that suits its sink. All ways reject as the client does. */
export class Exchange {
  readonly #options: ExchangeOptions;

  /** Sends nothing yet. */
  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /** Whether the response must be taken as it comes, because it may be an error, or a part that the caller has asked for. */
  get isAsItComes(): boolean {
    const { takesErrorBodies, request: { headers } } = this.#options;
    return takesErrorBodies || "range" in headers || "if-range" in headers;
  }

  /** Whether the response may have a body. */
  get hasBody(): boolean {
    return this.#options.request.method !== "HEAD";
  }

  /** A URL costs less than a request. */
  get #sent(): FetchRequest {
    const { request } = this.#options;
    const { url, method, headers, body } = request;
    const isPlain = method === "GET" && body === undefined && Object.keys(headers).length === 0;
    return isPlain ? url : request;
  }

  /** Into a file or a stream; what breaks off is gone on with. */
  async download(to: DownloadTarget, { name, resume, present = 0 }: DownloadOptions): Promise<Answer> {
    const { client, run, options, usesCache } = this.#options;
    const progress = new TransferProgress(run, name, present);
    try {
      return await client.download(this.#sent, to, {
        ...options,
        cache: usesCache ? "default" : "no-store",
        compression: true,
        onProgress: progress.note,
        resume,
      });
    } finally {
      progress.end();
    }
  }

  /** With all of the body at once. */
  async whole(): Promise<WholeAnswer> {
    const { client, run, request, shownUrl, options, takesErrorBodies } = this.#options;
    if (takesErrorBodies) return await this.#wholeAsItComes();
    const outcome = await client.outcome(this.#sent, { ...options, as: "bytes" as const });
    if (!outcome.ok) throw outcome.error;
    const { status, headers, from, attempts, url, value: body = new Uint8Array() } = outcome;
    if (!this.#isAnswer(status)) {
      throw statusError(outcome, { method: request.method, url: url || shownUrl, attempts, body: "" });
    }
    run.received = (run.received ?? 0) + body.length;
    return { status, headers, from, attempts, body };
  }

  /** Whether a success is an answer to what was asked. */
  #isAnswer(status: number): boolean {
    return status !== 304 || isConditional(this.#options.request.headers);
  }

  async #wholeAsItComes(): Promise<WholeAnswer> {
    const answer = await this.open();
    const chunks = await Array.fromAsync(answer.body);
    const body = new Uint8Array(await new Blob(chunks).arrayBuffer());
    const { status, headers, attempts, failure } = answer;
    if (failure !== undefined) this.#options.run.failFast();
    // Of what is stored no progress is told, nor is it of an empty body.
    const isStored = this.#options.usesCache && attempts === 0 && body.length > 0;
    return { status, headers, attempts, failure, body, from: isStored ? "cache" : "network" };
  }

  /** With the body as it comes, which is not gone on with where it breaks off. */
  async open(): Promise<OpenAnswer> {
    const { client, run, request, shownUrl, takesErrorBodies, options } = this.#options;
    const { url, method, headers: sent, body: data } = request;
    const progress = new TransferProgress(run, shownUrl);
    const init = { method, headers: sent, ...(data === undefined ? {} : { body: data }) };
    const response = await client.fetch(url, init, { ...options, onProgress: progress.note });
    const { status, statusText, headers } = response;
    const isSuccess = (response.ok || status === 304) && this.#isAnswer(status);
    const errorWith = (body: string): Error =>
      statusError(response, {
        method,
        url: response.url === "" ? shownUrl : response.url,
        attempts: progress.attempts,
        body,
      });
    if (!isSuccess && !takesErrorBodies) throw errorWith(await excerptOf(response));
    const body = (response.body ?? []) as AsyncIterable<Body>;
    return {
      status,
      statusText,
      headers,
      body,
      get attempts() {
        return progress.attempts;
      },
      get failure() {
        return isSuccess ? undefined : errorWith("");
      },
    };
  }
}

/**
 * The request and the response of one job of `get`.
 *
 * @module
 */

import type { Client } from "../client/client.ts";
import type { CallOptions, FetchRequest, RequestSpec } from "../client/request.ts";
import { decodedHeaders } from "../http/decoded_headers.ts";
import { isConditional } from "../http/headers.ts";
import type { DownloadTarget } from "../policies/download_terms.ts";
import type { ValueSource } from "../policies/event.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { Run } from "./run.ts";
import { excerptOf, statusError } from "./status_error.ts";
import { TransferProgress } from "./transfer_progress.ts";

/** The bytes of a body. */
export type Body = Uint8Array<ArrayBuffer>;

/** The response to a request, without its body. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** How many attempts were made; 0 if that is unknown, because no byte of a body has arrived. */
  readonly attempts: number;
  /**
   * The error of a response whose status is no success, but whose body is taken all the same. Read it after the body, which tells
   * the attempts.
   */
  readonly failure?: Error | undefined;
}

/** A response with its whole body. */
export interface WholeAnswer extends Answer {
  readonly from: ValueSource;
  readonly body: Body;
}

/** A response whose body is still arriving. */
export interface OpenAnswer extends Answer {
  readonly statusText: string;
  /** The body, to be read once: to its end, or not at all. */
  readonly body: AsyncIterable<Body>;
}

/** The request of a job. */
export interface JobRequest extends RequestSpec {
  /** The absolute URL, or a relative one if the client has mirrors. */
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Blob | undefined;
}

/** Options that all requests of a run share. */
export type ExchangeRequestOptions = Pick<CallOptions, "signal" | "onOpen" | "totalTimeoutMs">;

/** Options of {@linkcode Exchange}. */
export interface ExchangeOptions {
  readonly client: Client;
  readonly run: Run;
  readonly request: JobRequest;
  /** The absolute URL, for errors. */
  readonly shownUrl: string;
  readonly options: ExchangeRequestOptions;
  /** Whether a download may come from a cache. */
  readonly usesCache: boolean;
  /** Whether the body of a response without a success status is taken. */
  readonly takesErrorBodies: boolean;
}

/** Options of {@linkcode Exchange.download}. */
export interface DownloadOptions {
  /** The name of the body in the progress line. */
  readonly name: string;
  /** Whether the download continues the part that an earlier run has left, and leaves a part for a later run if it fails. */
  readonly resume: boolean;
  /** The size of that part, in bytes. */
  readonly present?: number | undefined;
}

/** Sends the request of one job, in one of three ways, as its sink needs. Each way rejects as the client does. */
export class Exchange {
  readonly #options: ExchangeOptions;

  /** Creates an exchange, which sends nothing yet. */
  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /**
   * Whether the response must be taken as it arrives, and can't be continued: it may be an error, or the range that the user has
   * asked for.
   */
  get isAsItComes(): boolean {
    const { takesErrorBodies, request: { headers } } = this.#options;
    return takesErrorBodies || "range" in headers || "if-range" in headers;
  }

  /** Whether the response may have a body. */
  get hasBody(): boolean {
    return this.#options.request.method !== "HEAD";
  }

  /** Whether the request is a GET, so that it may be sent once more if its response could not be kept. */
  get isGet(): boolean {
    return this.#options.request.method === "GET";
  }

  /** The request, or its URL alone for a plain GET, which costs the client less. */
  get #sent(): FetchRequest {
    const { request } = this.#options;
    const { url, method, headers, body } = request;
    const isPlain = method === "GET" && body === undefined && Object.keys(headers).length === 0;
    return isPlain ? url : request;
  }

  /** Downloads the body into a file or a stream, and continues it when it breaks off. */
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

  /** Asks the server how many bytes the body of the response has; resolves with `undefined` if the server does not tell. */
  async length(): Promise<number | undefined> {
    const { client, request: { url, headers }, options } = this.#options;
    // The length of an encoded body would be another one.
    const init = { method: "HEAD", headers: { ...headers, "accept-encoding": "identity" } };
    const response = await client.fetch(url, init, options);
    const length = response.headers.get("content-length");
    const isPlain = response.status === 200 && !response.headers.has("content-encoding");
    return isPlain && length !== null && /^\d+$/.test(length) ? Number(length) : undefined;
  }

  /** Receives the whole body before it returns. */
  async whole(): Promise<WholeAnswer> {
    const { client, run, request, shownUrl, options, takesErrorBodies } = this.#options;
    if (takesErrorBodies) return await this.#wholeAsItComes();
    const outcome = await client.outcome(this.#sent, { ...options, as: "bytes" as const });
    if (!outcome.ok) throw outcome.error;
    const { status, from, attempts, url, value: body = new Uint8Array() } = outcome;
    if (!this.#isAnswer(status)) {
      throw statusError(outcome, { method: request.method, url: url || shownUrl, attempts, body: "" });
    }
    run.received = (run.received ?? 0) + body.length;
    const { method, headers: sent } = request;
    // Those of an outcome are as the server has sent them.
    const headers = decodedHeaders(outcome, { method, init: undefined, sent, runtime: currentRuntime });
    return { status, headers, from, attempts, body };
  }

  /** Returns whether a status answers the request: a 304 does only if the request has a condition. */
  #isAnswer(status: number): boolean {
    return status !== 304 || isConditional(this.#options.request.headers);
  }

  async #wholeAsItComes(): Promise<WholeAnswer> {
    const answer = await this.open();
    const chunks = await Array.fromAsync(answer.body);
    const body = new Uint8Array(await new Blob(chunks).arrayBuffer());
    const { status, headers, attempts, failure } = answer;
    if (failure !== undefined) this.#options.run.failFast();
    // The client reports no progress for a stored response, nor for an empty body.
    const isStored = this.#options.usesCache && attempts === 0 && body.length > 0;
    return { status, headers, attempts, failure, body, from: isStored ? "cache" : "network" };
  }

  /** Returns the response when its head has arrived, with the body still to come. A body that breaks off is not continued. */
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

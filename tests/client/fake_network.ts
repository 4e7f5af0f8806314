import type { ManualClock } from "../../src/testing/manual_clock.ts";
import { type SentRequest as BareRequest, sentRequest } from "../support/sent_request.ts";
import { unlessAborted } from "../support/unless_aborted.ts";

/** A request as `fetch` got it, with all of its init. */
export interface SentRequest extends BareRequest {
  readonly init: RequestInit;
  /** Which request to its URL this is, from 1. */
  readonly nth: number;
}

/** How the network answers a request. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body, as a value to write as JSON. */
  readonly json?: unknown;
  /** The body; `null` for none. */
  readonly body?: string | Uint8Array<ArrayBuffer> | null;
  /** How long the headers take. */
  readonly afterMs?: number;
  /** How long the body takes after the headers. */
  readonly bodyMs?: number;
  /** The error that the body breaks off with, after `bodyMs`. */
  readonly breaksWith?: Error;
  /** The error that `fetch` rejects with, after `afterMs`. */
  readonly error?: Error;
  /** The answer waits for this promise before its headers. */
  readonly gate?: Promise<void>;
  /** Whether the network ignores aborts until the gate opens. */
  readonly deaf?: boolean;
}

/**
 * A network that runs on a clock. It honours the signals of requests, and counts how many exchanges are open at once.
 */
export class FakeNetwork {
  readonly sent: SentRequest[] = [];
  /** Exchanges under way: from the call until the body was read, cancelled or broken. */
  open = 0;
  peak = 0;
  readonly #clock: ManualClock;
  readonly #answer: (request: SentRequest) => Answer;
  readonly #counts = new Map<string, number>();

  constructor(clock: ManualClock, answer: (request: SentRequest) => Answer) {
    this.#clock = clock;
    this.#answer = answer;
  }

  /** The URLs that were requested, in order. */
  get urls(): string[] {
    return this.sent.map(({ url }) => url);
  }

  readonly fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const request = this.#note(input, init);
    request.signal?.throwIfAborted();
    const answer = this.#answer(request);
    this.peak = Math.max(this.peak, ++this.open);
    let closed = false;
    const close = (): void => {
      if (!closed) this.open--;
      closed = true;
    };
    try {
      const signal = answer.deaf ? undefined : request.signal;
      if (answer.gate !== undefined) await unlessAborted(signal, () => answer.gate!);
      await this.#pause(signal, answer.afterMs);
      if (answer.error !== undefined) throw answer.error;
      return this.#respond(request, answer, close);
    } catch (error) {
      close();
      throw error;
    }
  };

  #note(input: string | URL | Request, init: RequestInit): SentRequest {
    const bare = sentRequest(input, init, this.#clock.now());
    const nth = (this.#counts.get(bare.url) ?? 0) + 1;
    this.#counts.set(bare.url, nth);
    const request: SentRequest = { ...bare, init, nth };
    this.sent.push(request);
    return request;
  }

  #respond(request: SentRequest, answer: Answer, close: () => void): Response {
    const { status = 200, headers = {} } = answer;
    const content = answer.json === undefined ? answer.body : JSON.stringify(answer.json);
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content ?? undefined;
    const isEmpty = bytes === undefined || [204, 205, 304].includes(status) || request.method === "HEAD";
    if (isEmpty) close();
    const body = isEmpty ? null : this.#stream(request, answer, bytes, close);
    const response = new Response(body, { status, headers });
    Object.defineProperty(response, "url", { value: request.url.split("#")[0] });
    return response;
  }

  #stream(
    { signal }: SentRequest,
    { bodyMs, breaksWith }: Answer,
    bytes: Uint8Array<ArrayBuffer>,
    close: () => void,
  ): ReadableStream<Uint8Array<ArrayBuffer>> {
    const middle = Math.floor(bytes.length / 2);
    let pulls = 0;
    let onAbort = (): void => {};
    const end = (): void => {
      signal?.removeEventListener("abort", onAbort);
      close();
    };
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => {
        onAbort = () => {
          end();
          controller.error(signal?.reason);
        };
        signal?.addEventListener("abort", onAbort);
      },
      pull: async (controller) => {
        if (++pulls === 1 && middle > 0) return controller.enqueue(bytes.slice(0, middle));
        try {
          await this.#pause(signal, bodyMs);
        } catch {
          return; // the abort listener has already errored the body
        }
        if (breaksWith !== undefined) {
          end();
          return controller.error(breaksWith);
        }
        if (bytes.length > middle) controller.enqueue(bytes.slice(middle));
        end();
        controller.close();
      },
      cancel: end,
    }, { highWaterMark: 0 });
  }

  async #pause(signal: AbortSignal | undefined, ms: number | undefined): Promise<void> {
    if (ms === undefined) return;
    let timer: unknown;
    try {
      await unlessAborted(signal, () => {
        return new Promise<void>((resolve) => timer = this.#clock.setTimeout(resolve, ms));
      });
    } finally {
      this.#clock.clearTimeout(timer);
    }
  }
}

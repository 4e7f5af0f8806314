/**
 * A `fetch` that answers by a script, without a network. It records its requests, and counts those still open.
 *
 * @module
 */

import type { ManualClock } from "../../src/testing/manual_clock.ts";
import { type SentRequest, sentRequest } from "../support/sent_request.ts";
import { unlessAborted } from "../support/unless_aborted.ts";

/** Answers a request. */
export type Reply = (sent: SentRequest) => Response | Promise<Response>;

/** How a {@linkcode FakeOrigin} behaves. */
export interface FakeOriginOptions {
  /** The clock that dates the requests; without one all are at 0. */
  readonly clock?: ManualClock | undefined;
  /** Whether it ignores signals. */
  readonly deaf?: boolean | undefined;
}

/** A scripted `fetch`. It honours signals, before the headers and in the body, unless it is deaf. */
export class FakeOrigin {
  /** The requests, in order. */
  readonly sent: SentRequest[] = [];
  /** Requests under way: from the call until the body was read, cancelled or broken. */
  open = 0;
  /** The most requests that were under way at once. */
  peak = 0;
  /** How many bodies were cancelled by their reader. */
  cancelled = 0;
  readonly #reply: Reply;
  readonly #options: FakeOriginOptions;

  /** Replies in order; the last one repeats. */
  constructor(replies: Reply | readonly Reply[], options: FakeOriginOptions = {}) {
    this.#options = options;
    let next = 0;
    this.#reply = typeof replies === "function"
      ? replies
      : (sent) => replies[Math.min(next++, replies.length - 1)]!(sent);
  }

  /** How many requests were sent. */
  get calls(): number {
    return this.sent.length;
  }

  /** When each request was sent. */
  get timesMs(): number[] {
    return this.sent.map(({ atMs }) => atMs);
  }

  /** The `fetch`. */
  readonly fetch: typeof fetch = async (input: RequestInfo | URL, init: RequestInit = {}) => {
    const sent = sentRequest(input, init, this.#options.clock?.now() ?? 0);
    const signal = this.#options.deaf ? undefined : sent.signal;
    this.sent.push(sent);
    this.peak = Math.max(this.peak, ++this.open);
    let isOpen = true;
    const close = (): void => {
      if (isOpen) this.open--;
      isOpen = false;
    };
    try {
      const response = await unlessAborted(signal, async () => await this.#reply(sent));
      if (response.body === null) {
        close();
        return response;
      }
      const { status, statusText, headers } = response;
      const body = this.#track(response.body, signal, close);
      return Object.defineProperty(new Response(body, { status, statusText, headers }), "url", {
        value: sent.url.split("#")[0],
      });
    } catch (error) {
      close();
      throw error;
    }
  };

  #track(
    body: ReadableStream<Uint8Array<ArrayBuffer>>,
    signal: AbortSignal | undefined,
    close: () => void,
  ): ReadableStream<Uint8Array<ArrayBuffer>> {
    const reader = body.getReader();
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => {
        const onAbort = (): void => {
          close();
          controller.error(signal?.reason);
          reader.cancel(signal?.reason).catch(() => {}); // the reader already has the reason of the abort
        };
        if (signal?.aborted) onAbort();
        else signal?.addEventListener("abort", onAbort, { once: true });
      },
      pull: async (controller) => {
        try {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          close();
          if (!signal?.aborted) controller.close();
        } catch (error) {
          close();
          controller.error(error);
        }
      },
      cancel: async (reason) => {
        this.cancelled++;
        close();
        await reader.cancel(reason);
      },
    }, { highWaterMark: 0 });
  }
}

/** The status and headers that go with a body. */
export interface ReplyOptions {
  /** @default {200} */
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Replies with a value as JSON. */
export function json(value: unknown, options: ReplyOptions = {}): Reply {
  return text(JSON.stringify(value), { ...options, headers: { ...JSON_TYPE, ...options.headers } });
}

/** Replies with a text; `null` means no body. */
export function text(body: string | null, { status = 200, headers = {} }: ReplyOptions = {}): Reply {
  return () => new Response(body, { status, headers });
}

/** Replies with a status, and a short body if the status may have one. */
export function status(code: number, headers: Readonly<Record<string, string>> = {}): Reply {
  return text([204, 205, 304].includes(code) ? null : `status ${code}`, { status: code, headers });
}

/** Makes `fetch` reject, by default as it does when no server listens at the address. */
export function refused(error: unknown = new TypeError("connection refused")): Reply {
  return () => Promise.reject(error);
}

/** Never answers. */
export function hanging(): Reply {
  return () => new Promise(() => {});
}

/** Sends the headers and some text, and then nothing more. */
export function stalled(start = "[1,", { status = 200, headers = {} }: ReplyOptions = {}): Reply {
  return () => {
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => controller.enqueue(encoder.encode(start)),
    });
    return new Response(body, { status, headers: { ...JSON_TYPE, ...headers } });
  };
}

/** Sends the headers and some text, and then breaks the connection. */
export function broken(start = "[1,", { status = 200, headers = {} }: ReplyOptions = {}): Reply {
  return () => {
    let pulls = 0;
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: (controller) => {
        if (pulls++ === 0) controller.enqueue(encoder.encode(start));
        else controller.error(new TypeError("connection lost in the body"));
      },
    }, { highWaterMark: 0 });
    return new Response(body, { status, headers: { ...JSON_TYPE, ...headers } });
  };
}

/** Sends an endless body, a kilobyte at a time; `onBytes` gets the number of bytes that were read so far. */
export function endless(options: ReplyOptions = {}, onBytes: (bytes: number) => void = () => {}): Reply {
  const { status = 200, headers = {} } = options;
  return () => {
    let bytes = 0;
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: (controller) => {
        controller.enqueue(new Uint8Array(1_024).fill(0x20));
        onBytes(bytes += 1_024);
      },
    }, { highWaterMark: 0 });
    return new Response(body, { status, headers: { ...JSON_TYPE, ...headers } });
  };
}

/** Gives the same reply, this many milliseconds later. */
export function late(clock: ManualClock, delayMs: number, reply: Reply): Reply {
  return async (sent) => {
    let timer: unknown;
    try {
      await unlessAborted(sent.signal, () => {
        return new Promise<void>((resolve) => timer = clock.setTimeout(resolve, delayMs));
      });
    } finally {
      clock.clearTimeout(timer);
    }
    return await reply(sent);
  };
}

/** Sends the headers at once, and the text this many milliseconds later. */
export function lateBody(clock: ManualClock, delayMs: number, content: string): Reply {
  return () => {
    let timer: unknown;
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: async (controller) => {
        await new Promise<void>((resolve) => timer = clock.setTimeout(resolve, delayMs));
        controller.enqueue(encoder.encode(content));
        controller.close();
      },
      cancel: () => clock.clearTimeout(timer),
    }, { highWaterMark: 0 });
    return new Response(body, { headers: JSON_TYPE });
  };
}

const JSON_TYPE: Readonly<Record<string, string>> = { "content-type": "application/json" };
const encoder = new TextEncoder();

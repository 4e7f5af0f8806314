/**
 * A response that says when its body has ended, for whoever holds something as long as it goes on.
 *
 * @module
 */

import type { BodyCollector } from "./body_collector.ts";

/** A response that is looked after. */
export interface TrackedResponse {
  /** The response to hand out. */
  readonly response: Response;
  /** Breaks the body off, with the reason for whoever reads it. */
  fail(reason: unknown): void;
}

/** How a body is looked after. */
export interface TrackOptions {
  /** The largest body that is let through; `Infinity` for any. */
  readonly maxBytes: number;
  /** Makes the error that a larger body breaks off with. */
  readonly onTooLarge: () => Error;
  /** Called once, when the body has been read, cancelled, or has broken off, with the number of bytes that were read. */
  readonly onEnd: (bytes: number) => void;
  /** Gets every chunk that is read. */
  readonly collector?: BodyCollector | undefined;
}

/**
 * Makes a response like the given one whose body reports its end, wherever it is read: also by a server that it is
 * returned from.
 *
 * @param response The response; it must not be used any more.
 * @param options How its body is looked after.
 * @returns The response to hand out.
 */
export function trackBody(response: Response, options: TrackOptions): TrackedResponse {
  if (response.body === null) {
    options.collector?.end(true);
    options.onEnd(0);
    return { response, fail: () => {} };
  }
  const source = new ReportingSource(response.body.getReader(), options);
  const constructible = response.status >= 200 && response.status <= 599;
  const tracked = new Response(new ReadableStream(source, { highWaterMark: 0 }), {
    status: constructible ? response.status : 200,
    statusText: response.statusText,
    headers: response.headers,
  });
  // A constructed response knows none of these.
  const properties: PropertyDescriptorMap = {
    url: { value: response.url },
    redirected: { value: response.redirected },
    type: { value: response.type },
  };
  if (!constructible) {
    properties.status = { value: response.status };
    properties.ok = { value: false };
  }
  return { response: Object.defineProperties(tracked, properties), fail: (reason) => source.fail(reason) };
}

class ReportingSource implements UnderlyingDefaultSource<Uint8Array> {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #options: TrackOptions;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #bytes = 0;
  #ended = false;

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>, options: TrackOptions) {
    this.#reader = reader;
    this.#options = options;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    try {
      const { done, value } = await this.#reader.read();
      if (this.#ended) return;
      if (!done) return this.#pass(value, controller);
      controller.close();
      this.#options.collector?.end(true);
      this.#end();
    } catch (error) {
      this.fail(error);
    }
  }

  #pass(chunk: Uint8Array, controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#options.maxBytes) return this.fail(this.#options.onTooLarge());
    this.#options.collector?.add(chunk);
    controller.enqueue(chunk);
  }

  async cancel(reason: unknown): Promise<void> {
    try {
      await this.#reader.cancel(reason);
    } finally {
      this.#end();
    }
  }

  fail(reason: unknown): void {
    if (this.#ended) return;
    this.#controller!.error(reason);
    // The body that is broken off has nothing more to say.
    this.#reader.cancel(reason).catch(() => {});
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.collector?.end(false);
    this.#options.onEnd(this.#bytes);
  }
}

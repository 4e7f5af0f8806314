/**
 * Responses for callers: they look like those of `fetch`, but a {@linkcode BodyReceiver} receives their bodies.
 *
 * @module
 */

import { currentRuntime } from "../runtime/current.ts";
import type { BodyReceiver } from "./body_receiver.ts";
import { chunkBytes } from "./chunk_bytes.ts";
import { keepWithBody } from "./response_keeper.ts";

/** The parts of a fetched response that the constructor of `Response` cannot set, or not fully. */
export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly url: string;
  readonly redirected: boolean;
  readonly type: ResponseType;
}

/**
 * Makes a response whose body comes from a receiver, whoever reads it: the caller, or a server that returns the response. When
 * the response and its stream are garbage-collected, so that no reader can read the body any more, the body is cancelled.
 *
 * @param head The head of the response.
 * @param receiver The receiver of the body.
 * @returns The response.
 */
export function trackedResponse(head: ResponseHead, receiver: BodyReceiver): Response {
  const stream = streamOf(receiver);
  const streams = registry();
  if (streams !== undefined && !receiver.hasEnded) {
    streams.register(stream, receiver, receiver);
    // Unregister at the end: the error of the body may refer to its stream, which would then never be collected.
    receiver.onOver = () => void streams.unregister(receiver);
  }
  return new (trackedResponseClass())(stream, head, receiver);
}

/**
 * Makes a response with the head of another one, including parts that a constructed response could not have.
 *
 * @param head The head of the response.
 * @param body Its body.
 * @returns The response.
 */
export function responseLike(head: ResponseHead, body: BodyInit | null): Response {
  return new (trackedResponseClass())(body, head, undefined);
}

/** Whether a response was made here. */
export function isTracked(response: Response): boolean {
  return known !== undefined && response instanceof known;
}

/** The members of a response that its head determines. */
const HEAD = ["status", "statusText", "ok", "url", "redirected", "type"] as const;

/** The chunks of a body, for one reader. */
export interface BodyChunks {
  /**
   * Gives the next chunk.
   *
   * @param room A buffer for the chunk; see {@linkcode BodyReceiver.next}.
   * @returns The chunk; `undefined` after the last one. Rejects with the error of a body that breaks off.
   */
  next(room?: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Cancels the body, because the reader wants no more. */
  cancel(reason: unknown): Promise<void>;
}

/**
 * A response that a part of this client reads. The part must read the body to its end, or cancel it. A stream and a response that
 * can be garbage-collected would double the cost.
 */
export interface ReceivedResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly url: string;
  readonly type: ResponseType;
  /** The body; absent if there is none. */
  readonly chunks: BodyChunks | undefined;
}

/**
 * Turns a response whose body has no receiver into one that is read chunk by chunk.
 *
 * @param response The response; its body must not have another reader.
 * @returns The response with its chunks.
 */
export function receivedResponse(response: Response): ReceivedResponse {
  const { status, headers, url, type } = response;
  const reader = (response.body as ReadableStream<Uint8Array<ArrayBuffer>> | null)?.getReader();
  const chunks = reader && {
    async next() {
      const { done, value } = await reader.read();
      return done ? undefined : chunkBytes(value, reader) as Uint8Array<ArrayBuffer>;
    },
    cancel: (reason: unknown) => reader.cancel(reason),
  };
  return { status, headers, url, type, chunks };
}

/** The constructor of tracked responses. */
type TrackedResponseClass = new (
  body: BodyInit | null,
  head: ResponseHead,
  receiver: BodyReceiver | undefined,
) => Response;

let known: TrackedResponseClass | undefined;

/**
 * Returns the class of tracked responses. It is created for the first response, because Deno and Node.js load their `Response`
 * when a program first names it: otherwise each program that imports this package would spend 4 ms in Deno, and 17 ms in Node.js.
 */
function trackedResponseClass(): TrackedResponseClass {
  return known ??= makeClass();
}

/**
 * Creates the class. Its responses read their bodies directly from the receiver if no other reader has a part of them; to go
 * through a stream would double the cost.
 *
 * The constructor of the platform's `Response` may read its own properties (Node.js 20 does). Until it has ended, the getters
 * give the platform's values.
 */
function makeClass(): TrackedResponseClass {
  return class TrackedResponse extends Response {
    // Programs recognize a response by the name of its class, and consoles show it.
    static {
      Object.defineProperty(this, "name", { value: "Response" });
    }

    readonly #head: ResponseHead;
    readonly #receiver: BodyReceiver | undefined;
    /** The stream that only the receiver fills. Any clone of the response gives it another body than this one. */
    #source: BodyInit | null | undefined;
    /** Whether its body was read, or is being read, without its stream. */
    #isRead = false;

    constructor(body: BodyInit | null, head: ResponseHead, receiver: BodyReceiver | undefined) {
      const { status, statusText, headers } = head;
      super(body, {
        status: isConstructible(status) ? status : 200,
        statusText: REASON.test(statusText) ? statusText : "",
        headers,
      });
      this.#head = head;
      this.#receiver = receiver;
      this.#source = body;
      // In simulated browsers (happy-dom) a response has members of its own, which would hide the getters.
      if (Object.hasOwn(this, "url")) { for (const name of HEAD) Reflect.deleteProperty(this, name); }
    }

    /** Node.js reads it during construction. */
    override get status(): number {
      return #head in this ? this.#head.status : super.status;
    }

    override get statusText(): string {
      return #head in this ? this.#head.statusText : super.statusText;
    }

    override get ok(): boolean {
      return this.status >= 200 && this.status < 300;
    }

    override get url(): string {
      return #head in this ? this.#head.url : super.url;
    }

    override get redirected(): boolean {
      return #head in this ? this.#head.redirected : super.redirected;
    }

    override get type(): ResponseType {
      return #head in this ? this.#head.type : super.type;
    }

    override get bodyUsed(): boolean {
      return (#head in this && this.#isRead) || super.bodyUsed;
    }

    override clone(): Response {
      const { status, statusText, headers, url, redirected, type } = this;
      const head = { status, statusText, headers, url, redirected, type };
      const made = super.clone();
      for (const each of [this, made]) keepWithBody(each);
      const clone = new TrackedResponse(made.body, head, this.#receiver);
      clone.#source = undefined;
      return clone;
    }

    override async arrayBuffer(): Promise<ArrayBuffer> {
      const whole = this.#takeWhole();
      return whole === undefined ? await this.#withReason(super.arrayBuffer()) : ownBuffer(await whole);
    }

    /** Node.js 20 lacks this method. */
    override async bytes(): Promise<Uint8Array<ArrayBuffer>> {
      const whole = this.#takeWhole();
      return whole === undefined ? new Uint8Array(await this.arrayBuffer()) : await whole;
    }

    override formData(): Promise<FormData> {
      return this.#withReason(super.formData());
    }

    override async json(): Promise<unknown> {
      const whole = this.#takeWhole();
      return whole === undefined
        ? await this.#withReason(super.json())
        : JSON.parse(new TextDecoder().decode(await whole));
    }

    override async text(): Promise<string> {
      const whole = this.#takeWhole();
      return whole === undefined
        ? await this.#withReason(super.text())
        : new TextDecoder().decode(await whole);
    }

    /**
     * Bun forgets the type of a body that is a stream. Do not use `new Blob()` with a type: it would turn the type into lower
     * case, including the boundary of a form.
     */
    override async blob(): Promise<Blob> {
      const type = this.headers.get("content-type") ?? "";
      const blob = await this.#withReason(super.blob());
      if (blob.type !== "" || type === "") return blob;
      return await new Response(blob, { headers: { "content-type": type } }).blob();
    }

    /** All of the body; nothing if it has no receiver, or a reader has begun with it, or may. */
    #takeWhole(): Promise<Uint8Array<ArrayBuffer>> | undefined {
      const receiver = this.#receiver;
      if (receiver === undefined || this.bodyUsed) return undefined;
      const { body } = this;
      if (body?.locked !== false || body !== this.#source) return undefined;
      // No other reader may have it from now on; and it is received to its end, even if no caller waits for it any more.
      body.getReader();
      this.#isRead = true;
      collected?.unregister(receiver);
      return receiver.whole();
    }

    /** Throws the receiver's error, because browsers only say "network error", whatever error a stream breaks off with. */
    async #withReason<T>(reading: Promise<T>): Promise<T> {
      try {
        return await reading;
      } catch (error) {
        const { failure } = this.#receiver ?? {};
        throw failure === undefined ? error : failure.reason;
      }
    }
  };
}

function ownBuffer(bytes: Uint8Array<ArrayBuffer>): ArrayBuffer {
  return bytes.length === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
}

/**
 * Matches a status text that the constructor accepts. Node.js decodes the status texts of servers as UTF-8, and may give others.
 */
const REASON = /^[\t\x20-\x7e\x80-\xff]*$/;

function isConstructible(status: number): boolean {
  return status >= 200 && status <= 599;
}

let collected: FinalizationRegistry<BodyReceiver> | undefined;

/**
 * Returns the registry that cancels the bodies whose streams have been garbage-collected. There is none in edge workers: it would
 * run outside of any incoming request, and a call that waits for the permit could not go on. A receiver must not refer to its
 * stream unless a reader waits for a chunk, or the stream would never be collected.
 */
function registry(): FinalizationRegistry<BodyReceiver> | undefined {
  if (currentRuntime.timersBelongToRequests) return undefined;
  return collected ??= new FinalizationRegistry((receiver) => {
    receiver.cancel(undefined).catch(() => {});
  });
}

/** Makes a stream of a receiver's chunks: a byte stream, except in Safari before 26.4, which lacks them. */
function streamOf(receiver: BodyReceiver): ReadableStream<Uint8Array<ArrayBuffer>> {
  const type = "ReadableByteStreamController" in globalThis ? "bytes" : undefined;
  const source = {
    type,
    async pull(controller: ReadableStreamDefaultController | ReadableByteStreamController): Promise<void> {
      const chunk = await receiver.next();
      if (chunk !== undefined) return controller.enqueue(chunk);
      controller.close();
      // A reader with a buffer of its own (BYOB) learns of the end when its request is answered with 0 bytes.
      if ("byobRequest" in controller) controller.byobRequest?.respond(0);
    },
    cancel: (reason: unknown) => receiver.cancel(reason),
  };
  return new ReadableStream(source as UnderlyingByteSource, { highWaterMark: 0 });
}

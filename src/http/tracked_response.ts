/**
 * A response to hand out, which looks like the one of `fetch`, and whose body is looked after.
 *
 * @module
 */

import { currentRuntime } from "../runtime/current.ts";
import type { BodyReceiver } from "./body_receiver.ts";
import { chunkBytes } from "./chunk_bytes.ts";
import { keepWithBody } from "./response_keeper.ts";

/** What a response says that a constructed one does not know. */
export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly url: string;
  readonly redirected: boolean;
  readonly type: ResponseType;
}

/**
 * Makes a response whose body is received by a reader of its own, wherever it is read: also by a server that it is returned
 * from. When the body can't be read any more, because the response and its stream have been collected, it is cancelled.
 *
 * @param head What it says.
 * @param receiver What receives the body.
 * @returns The response.
 */
export function trackedResponse(head: ResponseHead, receiver: BodyReceiver): Response {
  const stream = streamOf(receiver);
  const streams = registry();
  if (streams !== undefined && !receiver.hasEnded) {
    streams.register(stream, receiver, receiver);
    // What it has ended with may lead to its stream.
    receiver.onOver = () => void streams.unregister(receiver);
  }
  return new (trackedResponseClass())(stream, head, receiver);
}

/**
 * Makes a response that says the same as another one, also where a constructed response could not.
 *
 * @param head What it says.
 * @param body Its body.
 * @returns The response.
 */
export function responseLike(head: ResponseHead, body: BodyInit | null): Response {
  return new (trackedResponseClass())(body, head, undefined);
}

/** The chunks of a body, for one reader. */
export interface BodyChunks {
  /**
   * The next one.
   *
   * @param room Where it may be put, as {@linkcode BodyReceiver.next} says.
   * @returns The chunk; `undefined` after the last. Rejects with what the body broke off with.
   */
  next(room?: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** The reader wants no more. */
  cancel(reason: unknown): Promise<void>;
}

/**
 * A response that parts of this client read, which never let go of it before its end without cancelling. To go by way of a stream, and
 * of a response that can be collected, costs as much again.
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
 * Makes a response that is read chunk by chunk of one whose body has no receiver.
 *
 * @param response The response, whose body has no other reader.
 * @returns The same.
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

/** What makes responses that are looked after. */
type TrackedResponseClass = new (
  body: BodyInit | null,
  head: ResponseHead,
  receiver: BodyReceiver | undefined,
) => Response;

let known: TrackedResponseClass | undefined;

/**
 * The class of these responses. It is made when the first one is handed out, because Deno and Node.js load their `Response` when a
 * program first names it: that took 4 ms on Deno and 17 ms on Node.js, for each program that imports this package.
 */
function trackedResponseClass(): TrackedResponseClass {
  return known ??= makeClass();
}

/**
 * Reads its body straight from the receiver, where no other reader has any of it: to go by way of a stream costs as much again.
 *
 * A constructor of the platform may ask itself what it says (Node.js 20 does): it gets the platform's own response until it has ended.
 */
function makeClass(): TrackedResponseClass {
  return class TrackedResponse extends Response {
    // Programs tell a response by the name of its class, and consoles show it.
    static {
      Object.defineProperty(this, "name", { value: "Response" });
    }

    readonly #head: ResponseHead;
    readonly #receiver: BodyReceiver | undefined;
    /** The stream that only the receiver fills. Its body is another one once that was cloned, in whatever way. */
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
    }

    /** Node asks for it while it constructs. */
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

    /** Node 20 has none. */
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

    /** Bun forgets the type of a body that is a stream. A `Blob` made with it would have it in lower case, also the boundary of a form. */
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

    /** Browsers say "network error", whatever a stream has broken off with. */
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

/** What a response can be constructed with. Node.js decodes what servers send as UTF-8, and gives what does not fit in there. */
const REASON = /^[\t\x20-\x7e\x80-\xff]*$/;

function isConstructible(status: number): boolean {
  return status >= 200 && status <= 599;
}

let collected: FinalizationRegistry<BodyReceiver> | undefined;

/**
 * Cancels the bodies whose streams have been collected; not in workers at the edge, where that would be during no request, and
 * whoever waits for the permit could not go on. A receiver must not lead to its stream, unless a reader waits for a chunk, or none
 * would ever be collected.
 */
function registry(): FinalizationRegistry<BodyReceiver> | undefined {
  if (currentRuntime.timersBelongToRequests) return undefined;
  return collected ??= new FinalizationRegistry((receiver) => {
    receiver.cancel(undefined).catch(() => {});
  });
}

/** The chunks of a receiver as a stream: of bytes, but Safari before 26.4 has only streams of anything. */
function streamOf(receiver: BodyReceiver): ReadableStream<Uint8Array<ArrayBuffer>> {
  const type = "ReadableByteStreamController" in globalThis ? "bytes" : undefined;
  const source = {
    type,
    async pull(controller: ReadableStreamDefaultController | ReadableByteStreamController): Promise<void> {
      const chunk = await receiver.next();
      if (chunk !== undefined) return controller.enqueue(chunk);
      controller.close();
      // A reader that came with a buffer of its own is told of the end by it.
      if ("byobRequest" in controller) controller.byobRequest?.respond(0);
    },
    cancel: (reason: unknown) => receiver.cancel(reason),
  };
  return new ReadableStream(source as UnderlyingByteSource, { highWaterMark: 0 });
}

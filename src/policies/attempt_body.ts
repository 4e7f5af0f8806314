/**
 * What happens to the body of an attempt that is not read here: it is discarded, its beginning is shown, or it is handed out.
 *
 * @module
 */

import { contentLength, drainBody } from "../http/body.ts";
import { BodyCollector } from "../http/body_collector.ts";
import { BodyReceiver } from "../http/body_receiver.ts";
import { decodedHeaders, isBodiless } from "../http/decoded_headers.ts";
import type { HeaderMap } from "../http/headers.ts";
import {
  type ReceivedResponse,
  receivedResponse,
  responseLike,
  trackedResponse,
} from "../http/tracked_response.ts";
import type { Lane } from "../lanes/lane.ts";
import type { PermitHolder } from "../lanes/permit_holders.ts";
import type { Deadline, DeadlineTarget } from "../primitives/deadline_queue.ts";
import { alreadyRead } from "./attempt_errors.ts";
import type { Environment } from "./policy.ts";
import type { OpenBody } from "./reply.ts";

/** How much of a body is received when a request waits for its permit, in bytes, and for how long, in milliseconds. */
const AHEAD_BYTES = 65_536;
const AHEAD_MS = 250;

/** What an open body is part of. */
export interface AttemptBodyOptions {
  readonly response: Response;
  /** Where it came from, if that is known: a runtime may parse a URL anew to say it. */
  readonly url?: string | undefined;
  readonly environment: Pick<
    Environment,
    "deadlines" | "idleDeadlines" | "scheduler" | "inBackground" | "runtime"
  >;
  readonly lane: Lane;
  readonly method: string;
  /** The headers of the request. */
  readonly sent: HeaderMap;
  readonly init: RequestInit | undefined;
  /** How long a reader may take to begin, and how long a reader may have to wait, in milliseconds. */
  readonly timeoutMs: number;
  readonly idleTimeoutMs: number;
  /** The largest body that its reader is given; `Infinity` for any. */
  readonly maxBytes: number;
  /** Called with the length of each chunk that its reader is given. */
  readonly onBytes: ((bytes: number) => void) | undefined;
  /** Makes the error that a larger one breaks off with. */
  readonly onTooLarge: () => Error;
  /** The caller has it now: the time of the attempt is over, and the body's begins. */
  readonly onHandOut: () => void;
  /** Stops what sends the body. */
  readonly onStop: () => void;
  /** Its reader waits for bytes, or has got some; absent where that does not matter. */
  readonly onAlive?: (() => void) | undefined;
  /** For too long no reader has begun, or a reader has waited. */
  readonly onTimeout: (isRead: boolean) => void;
  /** The body has ended, and so has the attempt; the number of bytes where they were read by the caller. */
  readonly onEnd: (bytes: number | undefined) => void;
  /** What the body broke off with that the caller was to read. */
  readonly onUnusable: (error: unknown) => unknown;
}

/** A body that is open and has no reader yet. */
export class AttemptBody implements OpenBody, DeadlineTarget, PermitHolder {
  readonly #options: AttemptBodyOptions;
  /** Takes a copy of the bytes that the caller reads. */
  #collector: BodyCollector | undefined;
  /** What receives what the caller reads; nothing here may lead to the caller's response, so that it can be collected. */
  #receiver: BodyReceiver | undefined;
  /** The body's first characters, once it is being got rid of. */
  #excerpt: Promise<string> | undefined;
  /** When it will have taken too long: without a reader, or for its reader. */
  #idle: Deadline | undefined;
  #wait: Deadline | undefined;
  #hasEnded = false;
  #knownUrl: string | undefined;

  /** Takes a body over. */
  constructor(options: AttemptBodyOptions) {
    this.#options = options;
    this.#knownUrl = options.url;
  }

  /** The lane whose permit it holds. */
  get lane(): Lane {
    return this.#options.lane;
  }

  discard(): void {
    this.excerpt();
  }

  excerpt(): Promise<string> {
    if (this.#excerpt === undefined) {
      this.#excerpt = this.#drain();
      this.#options.environment.inBackground(this.#excerpt);
    }
    return this.#excerpt;
  }

  async #drain(): Promise<string> {
    const { response, environment, onEnd } = this.#options;
    const text = await drainBody(response, environment.deadlines, this.#collector);
    onEnd(undefined);
    return text;
  }

  collect(maxBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.#collector = new BodyCollector(maxBytes);
    if (this.#hasEnded) this.#collector.end(false);
    return this.#collector.bytes;
  }

  release(): Response {
    const { response } = this.#options;
    if (this.#excerpt !== undefined) return this.#excerptResponse(this.#excerpt);
    const receiver = this.#handOut(false);
    if (receiver === undefined) return response;
    const { status, statusText, redirected, type } = response;
    const head = { status, statusText, headers: this.#headers, url: this.#url, redirected, type };
    return trackedResponse(head, receiver);
  }

  receive(): ReceivedResponse {
    if (this.#excerpt !== undefined) return receivedResponse(this.#excerptResponse(this.#excerpt));
    const { response } = this.#options;
    const chunks = this.#handOut(true);
    if (chunks === undefined) return receivedResponse(response);
    const { status, type } = response;
    return { status, headers: this.#headers, url: this.#url, type, chunks };
  }

  /** Where the response came from; empty if it was constructed. */
  get #url(): string {
    return this.#knownUrl ??= this.#options.response.url;
  }

  /** Begins to receive the body for its reader; `undefined` if it has ended. */
  #handOut(joinsSmall: boolean): BodyReceiver | undefined {
    const {
      response,
      environment,
      maxBytes,
      timeoutMs,
      onBytes,
      onTooLarge,
      onHandOut,
      onStop,
      onEnd,
      onUnusable,
    } = this.#options;
    onHandOut();
    if (this.#isEmpty()) {
      this.#collector?.end(true);
      onEnd(0);
      return undefined;
    }
    if (response.bodyUsed) throw onUnusable(alreadyRead());
    const receiver = this.#receiver = new BodyReceiver(response, {
      maxBytes,
      onBytes,
      onTooLarge,
      onBreak: onUnusable,
      onEnd,
      onStop,
      onWait: (isWaiting) => this.#onWait(isWaiting),
      collector: this.#collector,
      joinsSmall,
      isMade: this.#url === "",
    });
    this.#idle = environment.idleDeadlines.add(this, timeoutMs);
    environment.scheduler.offer(this);
    return receiver;
  }

  /** The headers as they are true of the bytes that are read. */
  get #headers(): Headers {
    const { response, environment, method, init, sent } = this.#options;
    return decodedHeaders(response, { method, init, sent, runtime: environment.runtime });
  }

  /** Whether its end has come with the headers. To look at the body itself might keep the process alive. */
  #isEmpty(): boolean {
    const { response, method } = this.#options;
    // What a browser hides, it hides from the program alone: a page still follows the redirect that its service worker gives it.
    if (isBodiless(method, response.status) || response.status === 0) return true;
    return this.#url === "" ? response.body === null : contentLength(response.headers) === 0;
  }

  #onWait(isWaiting: boolean): void {
    const { environment, idleTimeoutMs, onAlive } = this.#options;
    onAlive?.();
    this.#stopIdling();
    if (isWaiting) this.#wait = environment.deadlines.add(this, idleTimeoutMs);
    else this.#stopWaiting();
  }

  #stopIdling(): void {
    if (this.#idle === undefined) return;
    this.#options.environment.idleDeadlines.remove(this.#idle);
    this.#idle = undefined;
  }

  #stopWaiting(): void {
    if (this.#wait === undefined) return;
    this.#options.environment.deadlines.remove(this.#wait);
    this.#wait = undefined;
  }

  onDeadline(deadline: Deadline): void {
    this.#options.onTimeout(deadline === this.#wait);
  }

  /** A request waits for the permit: what is left of the body may be little enough to be received for its reader. */
  hurry(): void {
    const { environment: { deadlines, inBackground } } = this.#options;
    const receiver = this.#receiver!;
    const deadline = deadlines.add({ onDeadline: () => receiver.stopAhead() }, AHEAD_MS);
    inBackground(receiver.receiveAhead(AHEAD_BYTES).finally(() => deadlines.remove(deadline)));
  }

  /** Whether its caller reads it. */
  get isHandedOut(): boolean {
    return this.#receiver !== undefined;
  }

  /** The attempt has been stopped: breaks the body off for its reader. */
  fail(reason: unknown): void {
    this.#receiver?.fail(reason);
  }

  /** The attempt has ended: no bytes are collected any more. */
  end(): void {
    this.#hasEnded = true;
    this.#stopIdling();
    this.#stopWaiting();
    this.#collector?.end(false);
    if (this.#receiver !== undefined) this.#options.environment.scheduler.withdraw(this);
  }

  /** A response whose body is what is left of one that had to be got rid of. */
  #excerptResponse(excerpt: Promise<string>): Response {
    const { status, statusText, url, redirected, type, headers: original } = this.#options.response;
    const headers = new Headers(original);
    headers.delete("content-length");
    headers.delete("content-encoding");
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        controller.enqueue(new TextEncoder().encode(await excerpt));
        controller.close();
      },
    }, { highWaterMark: 0 });
    return responseLike({ status, statusText, headers, url, redirected, type }, body);
  }
}

/**
 * The open body of an attempt: the caller reads it, or the client discards it and may keep its first characters.
 *
 * @module
 */

import { contentLength, drainBody } from "../http/body.ts";
import { BodyCollector } from "../http/body_collector.ts";
import { BodyReceiver } from "../http/body_receiver.ts";
import { decodedHeaders, isBodiless } from "../http/decoded_headers.ts";
import {
  type ReceivedResponse,
  receivedResponse,
  responseLike,
  trackedResponse,
} from "../http/tracked_response.ts";
import { isPlainUrl } from "../http/url.ts";
import type { Lane } from "../lanes/lane.ts";
import type { PermitHolder } from "../lanes/permit_holders.ts";
import type { Deadline, DeadlineTarget } from "../primitives/deadline_queue.ts";
import { alreadyRead, tooLarge } from "./attempt_errors.ts";
import type { Call } from "./call.ts";
import type { Target } from "./journey.ts";
import type { Environment } from "./policy.ts";
import type { OpenBody } from "./reply.ts";

/**
 * How much of a body the client receives ahead of its reader when another request waits for the permit, in bytes, and for how
 * long, in milliseconds.
 */
const AHEAD_BYTES = 65_536;
const AHEAD_MS = 250;

/** The parts of an open body's attempt. */
export interface AttemptBodyOptions {
  readonly response: Response;
  readonly environment: Pick<
    Environment,
    "deadlines" | "idleDeadlines" | "scheduler" | "inBackground" | "runtime"
  >;
  readonly call: Call;
  readonly target: Target;
  /** Called with the length of each chunk that the reader gets. */
  readonly onBytes: ((bytes: number) => void) | undefined;
  /** Called when the caller gets the body: the attempt's time ends, and the body's own time begins. */
  readonly onHandOut: () => void;
  /** Stops the sender of the body. */
  readonly onStop: () => void;
  /**
   * Called when the reader begins to wait for bytes, and when it gets some, with the longest time until it does so again, in
   * milliseconds; absent where attempts hold no leases.
   */
  readonly onAlive?: ((forMs: number) => void) | undefined;
  /** Called when no reader has begun for too long, or a reader has waited for too long. */
  readonly onTimeout: (isRead: boolean) => void;
  /** Called when the body has ended, and the attempt with it; with the number of bytes if the caller has read them. */
  readonly onEnd: (bytes: number | undefined) => void;
  /** Creates the error of a body that breaks off under its reader. */
  readonly onUnusable: (error: unknown) => unknown;
}

/** An open body that has no reader yet. */
export class AttemptBody implements OpenBody, DeadlineTarget, PermitHolder {
  readonly #options: AttemptBodyOptions;
  /** Copies the bytes that the caller reads. */
  #collector: BodyCollector | undefined;
  /**
   * Receives the bytes that the caller reads. Nothing here may refer to the caller's response, so that it can be
   * garbage-collected.
   */
  #receiver: BodyReceiver | undefined;
  /** The first characters of the body, once it is being discarded. */
  #excerpt: Promise<string> | undefined;
  /** The deadlines of a body without a reader, of a reader that waits for bytes, and of a body that others wait for. */
  #idle: Deadline | undefined;
  #wait: Deadline | undefined;
  #hurried: Deadline | undefined;
  /** When the body has had as much time as an attempt may take. */
  #lastsFromMs = Infinity;
  #isLasting = false;
  #hasEnded = false;
  /** The URL of the response, if it is known; for a runtime may parse a URL anew to return it. */
  #knownUrl: string | undefined;

  /** Creates the body of an attempt whose headers have come. */
  constructor(options: AttemptBodyOptions) {
    const { call: { isSentAsIs, sentUrl }, target: { lane } } = options;
    this.#options = options;
    if (isSentAsIs && isPlainUrl(sentUrl, lane.key)) this.#knownUrl = sentUrl;
  }

  /** The lane in which the permit counts. */
  get lane(): Lane {
    return this.#options.target.lane;
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

  /** The URL of the response; empty if the response was constructed. */
  get #url(): string {
    return this.#knownUrl ??= this.#options.response.url;
  }

  /** Begins to receive the body for its reader; `undefined` if the body has ended. */
  #handOut(joinsSmall: boolean): BodyReceiver | undefined {
    const { response, environment, call, target, onBytes, onHandOut, onStop, onEnd, onUnusable } =
      this.#options;
    const { maxBodyBytes, timeoutMs } = call.settings;
    onHandOut();
    if (this.#isEmpty()) {
      this.#collector?.end(true);
      onEnd(0);
      return undefined;
    }
    if (response.bodyUsed) throw onUnusable(alreadyRead());
    const receiver = this.#receiver = new BodyReceiver(response, {
      maxBytes: maxBodyBytes,
      onBytes,
      onTooLarge: () => tooLarge(call, target),
      onBreak: onUnusable,
      onEnd,
      onStop,
      onWait: (isWaiting) => this.#onWait(isWaiting),
      collector: this.#collector,
      joinsSmall,
      // Tools that answer requests in tests give their responses a `url` of their own.
      isMade: this.#url === "" || Object.hasOwn(response, "url"),
    });
    // A small body needs no reader to give its permit back soon, unless it stalls: then its reader's wait is bounded.
    if (receiver.receiveSmall()) return receiver;
    this.#idle = environment.idleDeadlines.add(this, timeoutMs);
    this.#lastsFromMs = this.#idle.atMs;
    environment.scheduler.offer(this);
    return receiver;
  }

  /** The headers, corrected for the decoded bytes that the reader gets. */
  get #headers(): Headers {
    const { response, environment: { runtime }, call: { request: { method, init } }, target } = this.#options;
    return decodedHeaders(response, { method, init, sent: target.headers, runtime });
  }

  /** Whether the body has ended with the headers. On some runtimes, a look at the body itself would keep the process alive. */
  #isEmpty(): boolean {
    const { response, call } = this.#options;
    // A browser hides a redirect only from the program: a page still follows the redirect that its service worker returns.
    if (isBodiless(call.request.method, response.status) || response.status === 0) return true;
    return this.#url === "" ? response.body === null : contentLength(response.headers) === 0;
  }

  #onWait(isWaiting: boolean): void {
    const { environment, call, onAlive } = this.#options;
    const { timeoutMs, idleTimeoutMs = timeoutMs } = call.settings;
    if (onAlive !== undefined) onAlive(Math.max(timeoutMs, idleTimeoutMs));
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

  get isTimeout(): boolean {
    return true;
  }

  onDeadline(deadline: Deadline): void {
    if (deadline === this.#hurried) return this.#last();
    this.#options.onTimeout(deadline === this.#wait);
  }

  /** Counts the body as one that lasts, beside which its lane has room for a request. */
  #last(): void {
    const { target: { lane }, environment: { scheduler } } = this.#options;
    this.#isLasting = true;
    lane.limit.noteLasting(1);
    scheduler.examine(lane);
  }

  /**
   * Gives the permit back soon if possible, because a request waits for it: the rest of the body may be small enough to buffer.
   * A body of unknown length, such as a stream of events, may never end. So it counts as one that lasts when it has lasted for
   * longer than an attempt may take.
   */
  hurry(): void {
    const { response, environment: { deadlines, inBackground, scheduler } } = this.#options;
    if (contentLength(response.headers) === undefined) {
      const nowMs = scheduler.now();
      this.#hurried = deadlines.add(this, Math.max(0, this.#lastsFromMs - nowMs), nowMs);
    }
    const receiver = this.#receiver!;
    const deadline = deadlines.add({ onDeadline: () => receiver.stopAhead() }, AHEAD_MS);
    inBackground(receiver.receiveAhead(AHEAD_BYTES).finally(() => deadlines.remove(deadline)));
  }

  /** Whether the caller has got the body. */
  get isHandedOut(): boolean {
    return this.#receiver !== undefined;
  }

  /** Breaks the body off for its reader, because the attempt was stopped. */
  fail(reason: unknown): void {
    this.#receiver?.fail(reason);
  }

  /** Stops collecting bytes, because the attempt has ended. */
  end(): void {
    this.#hasEnded = true;
    this.#stopIdling();
    this.#stopWaiting();
    this.#collector?.end(false);
    const { target: { lane }, environment: { deadlines, scheduler } } = this.#options;
    if (this.#hurried !== undefined) deadlines.remove(this.#hurried);
    if (this.#isLasting) lane.limit.noteLasting(-1);
    if (this.#receiver !== undefined) scheduler.withdraw(this);
  }

  /** Returns a response whose body is the excerpt of a discarded one. */
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

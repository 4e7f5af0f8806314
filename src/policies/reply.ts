/**
 * The result of a handler: a response, as far as it has come.
 *
 * @module
 */

import type { ReceivedResponse } from "../http/tracked_response.ts";
import type { Target } from "./journey.ts";
import type { ValueSource } from "./event.ts";
import type { ReplyHead } from "./reply_head.ts";

/** The rest of an attempt after its headers: a body that was not read yet. */
export interface OpenBody {
  /** Discards the body in the background. */
  discard(): void;
  /** Discards the body, and returns its first characters. */
  excerpt(): Promise<string>;
  /**
   * Collects the bytes that the caller reads.
   *
   * @param maxBytes The most bytes to collect.
   * @returns The whole body; `undefined` if it is larger, or was not read to its end. Rejects if it breaks off while it is read.
   */
  collect(maxBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * Returns the response for the caller to read; the attempt holds its permit until the body has ended. Of a discarded body, the
   * response has only the first characters.
   */
  release(): Response;
  /** Returns the response, as {@linkcode OpenBody.release} does, for a part of this client that reads it chunk by chunk. */
  receive(): ReceivedResponse;
}

/** The failure of one mirror, as an error reports it. */
export interface MirrorFailure {
  /** The URL, with secrets replaced. */
  readonly url: string;
  /** The status of the response, or the message of the error. */
  readonly failure: string;
}

/** The failures of all mirrors in a round. */
export interface RoundFailures {
  /** The failures, in the order of the attempts. */
  readonly told: readonly MirrorFailure[];
  /** The errors of the other mirrors, as the cause of the error that the caller gets. */
  readonly cause: AggregateError;
}

/** The parts of a response besides its head. */
export interface ReplyOptions {
  readonly from: ValueSource;
  readonly body?: Uint8Array<ArrayBuffer> | string | undefined;
  readonly openBody?: OpenBody | undefined;
  readonly target?: Target | undefined;
}

/** A response on its way back to the caller. */
export class Reply {
  readonly status: number;
  readonly from: ValueSource;
  /** The whole body, as text where no bytes are needed; absent while the body is open. */
  readonly body: Uint8Array<ArrayBuffer> | string | undefined;
  /** The open body, which must be discarded, excerpted or handed out; absent if the body has been read. */
  readonly openBody: OpenBody | undefined;
  /** The status, headers and URL of the response. */
  readonly head: ReplyHead;
  /** The target of the attempt; absent if the cache answered. */
  readonly target: Target | undefined;
  /** The failures of all mirrors, in a round in which none of them helped; absent if the round asked only one. */
  failures: RoundFailures | undefined = undefined;
  /** The reason to repeat the round, if it comes from another mirror's failure; absent if there is none. */
  otherReason: string | undefined = undefined;
  /** Whether other callers have the same bytes, so that a caller must get a copy. */
  shared = false;
  /** The wait that the server asked for, in milliseconds; known only for statuses from 400. */
  retryAfterMs: number | undefined = undefined;
  /** The call that `value` was decoded for. */
  decodedFor: object | undefined = undefined;
  /** The decoded value of the body. */
  value: unknown = undefined;

  /** Creates a reply. */
  constructor(head: ReplyHead, { from, body, openBody, target }: ReplyOptions) {
    this.head = head;
    this.status = head.status;
    this.from = from;
    this.body = body;
    this.openBody = openBody;
    this.target = target;
  }

  /** The response headers. */
  get headers(): Headers {
    return this.head.headers;
  }

  /** The URL that answered. */
  get url(): string {
    return this.head.url;
  }
}

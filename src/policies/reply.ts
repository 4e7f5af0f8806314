/**
 * What a handler gives back: a response, as far as it is there.
 *
 * @module
 */

import type { ReceivedResponse } from "../http/tracked_response.ts";
import type { Target } from "./journey.ts";
import type { ValueSource } from "./event.ts";
import type { ReplyHead } from "./reply_head.ts";

/** The part of an attempt that goes on after the headers: a body that was not read yet. */
export interface OpenBody {
  /** Gets rid of the body in the background. */
  discard(): void;
  /** Gets rid of the body, and gives its first characters. */
  excerpt(): Promise<string>;
  /**
   * Collects the bytes that the caller reads.
   *
   * @param maxBytes How many at most.
   * @returns The whole body; `undefined` when it is larger, or was not read to its end. Rejects if it has broken off while it was read.
   */
  collect(maxBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * The response for the caller to read; the permit is held until its body has ended. Of a body that has been got rid of,
   * its first characters are left.
   */
  release(): Response;
  /** Gives the response, as {@linkcode OpenBody.release} does, to a part of this client that reads it chunk by chunk. */
  receive(): ReceivedResponse;
}

/** What a mirror did that was no help, as an error says it. */
export interface MirrorFailure {
  /** The URL, with secrets replaced. */
  readonly url: string;
  /** The status that it answered with, or the message of the error. */
  readonly failure: string;
}

/** What all mirrors of a round did that was no help. */
export interface RoundFailures {
  /** In the order in which they were asked. */
  readonly told: readonly MirrorFailure[];
  /** The errors of the other mirrors, as the cause of the one that the caller gets. */
  readonly cause: AggregateError;
}

/** What there is of a response besides its head. */
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
  /** The whole body, as text where the bytes are not needed; absent while it is open. */
  readonly body: Uint8Array<ArrayBuffer> | string | undefined;
  /** The body, which must be discarded, shown or handed out; absent when it has been read. */
  readonly openBody: OpenBody | undefined;
  /** What the reply says of its response. */
  readonly head: ReplyHead;
  /** Where it came from; absent when the cache answered. */
  readonly target: Target | undefined;
  /** What all mirrors did in a round in which none was of any help; absent if only one was asked. */
  failures: RoundFailures | undefined = undefined;
  /** Why the round that it is of may be repeated, where another mirror says so; absent if none does. */
  otherReason: string | undefined = undefined;
  /** Whether others have the same bytes, so that no caller may be given them to keep. */
  shared = false;
  /** How long the server asked to wait, in milliseconds; known for statuses that are worth a retry. */
  retryAfterMs: number | undefined = undefined;
  /** The call that `value` was decoded for. */
  decodedFor: object | undefined = undefined;
  /** What the body was decoded to. */
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

/**
 * What a server-sent event is.
 *
 * @module
 */

/** An event of a `text/event-stream`. */
export interface ServerSentEvent<T = string> {
  /** Its type: `"message"` if the stream names none. */
  readonly event: string;
  /** Its data: the text, its lines joined by LF; or what was made of that. */
  readonly data: T;
  /** The id of this event, or of the last one before it that had one; empty if none had. */
  readonly id: string;
}

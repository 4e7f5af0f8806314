/**
 * A server-sent event.
 *
 * @module
 */

/** An event of a `text/event-stream`. */
export interface ServerSentEvent<T = string> {
  /** Its type: `"message"` if the stream names none. */
  readonly event: string;
  /** Its data: the text, with its lines joined by LF, or the value decoded from that. */
  readonly data: T;
  /** The id of this event, or of the last earlier event with an id; empty if there is none. */
  readonly id: string;
}

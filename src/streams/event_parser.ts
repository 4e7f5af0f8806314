/**
 * Parses the lines of an event stream into events.
 *
 * @module
 */

import { utf8Length } from "../http/body.ts";
import type { ServerSentEvent } from "../http/server_sent_event.ts";

const DIGITS = /^[0-9]+$/;

/** Options of {@linkcode EventParser}. */
export interface EventParserOptions {
  /** The id of the last event of an earlier stream; empty if there was none. */
  readonly lastEventId: string;
  /** The largest data of an event, in bytes. */
  readonly maxEventBytes: number;
}

/**
 * Interprets an event stream line by line, by the HTML standard (§9.2.6, "Interpreting an event stream"). The parser keeps the
 * last event id and the retry time over several connections.
 */
export class EventParser {
  readonly #maxEventBytes: number;
  #data: string[] = [];
  /** The length of the data in UTF-16 units, including line ends. */
  #units = 0;
  /** The length of the data in bytes; counted only once it may exceed the limit. */
  #bytes: number | undefined;
  #event = "";
  /** The id for the next event. */
  #id: string;
  /** The id of the last event. */
  #lastEventId: string;
  #retryMs: number | undefined;
  #isTooLarge = false;

  /** Creates a parser for a new stream. */
  constructor({ lastEventId, maxEventBytes }: EventParserOptions) {
    this.#id = this.#lastEventId = lastEventId;
    this.#maxEventBytes = maxEventBytes;
  }

  /** The id of the last event, after which the server continues the stream; empty if there is none. */
  get lastEventId(): string {
    return this.#lastEventId;
  }

  /** How long the server wants clients to wait before they connect again, in milliseconds; `undefined` if it has not said. */
  get retryMs(): number | undefined {
    return this.#retryMs;
  }

  /** Whether an event was too large. After that, the parser gives no more events. */
  get isTooLarge(): boolean {
    return this.#isTooLarge;
  }

  /** Drops an incomplete event after the connection has ended. */
  reset(): void {
    this.#clear();
    this.#id = this.#lastEventId;
  }

  /**
   * Takes a line.
   *
   * @param line The line, without its end.
   * @returns The event that this line completes.
   */
  push(line: string): ServerSentEvent | undefined {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === -1) return this.#take(line, "");
    // A line that starts with a colon is a comment.
    if (colon > 0) {
      this.#take(line.slice(0, colon), line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1));
    }
    return undefined;
  }

  #take(field: string, value: string): undefined {
    if (field === "data") this.#append(value);
    else if (field === "event") this.#event = value;
    else if (field === "id") this.#id = value.includes("\0") ? this.#id : value;
    else if (field === "retry" && DIGITS.test(value)) this.#retryMs = Number(value);
  }

  #append(value: string): void {
    this.#data.push(value);
    this.#units += value.length + 1;
    // A UTF-16 unit takes at most three bytes, so do not count them before that can exceed the limit.
    if (3 * this.#units <= this.#maxEventBytes) return;
    this.#bytes = this.#bytes === undefined
      ? this.#data.reduce((bytes, line) => bytes + utf8Length(line) + 1, 0)
      : this.#bytes + utf8Length(value) + 1;
    // The last line end is not part of the data.
    if (this.#bytes - 1 <= this.#maxEventBytes) return;
    this.#clear();
    this.#isTooLarge = true;
  }

  #dispatch(): ServerSentEvent | undefined {
    if (this.#isTooLarge) return undefined;
    const id = this.#lastEventId = this.#id;
    const event = this.#data.length === 0
      ? undefined
      : { event: this.#event === "" ? "message" : this.#event, data: this.#data.join("\n"), id };
    this.#clear();
    return event;
  }

  #clear(): void {
    this.#data = [];
    this.#units = 0;
    this.#bytes = undefined;
    this.#event = "";
  }
}

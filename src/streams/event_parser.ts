/**
 * From the lines of an event stream to its events.
 *
 * @module
 */

import { utf8Length } from "../http/body.ts";
import type { ServerSentEvent } from "../http/server_sent_event.ts";

const DIGITS = /^[0-9]+$/;

/** What an event parser is made of. */
export interface EventParserOptions {
  /** The id of the last event of an earlier stream; empty if there was none. */
  readonly lastEventId: string;
  /** The most data that an event may have, in bytes. */
  readonly maxEventBytes: number;
}

/**
 * Interprets an event stream line by line, as the HTML standard has it (§9.2.6, "Interpreting an event stream"). What it knows of ids and
 * times outlives the connection.
 */
export class EventParser {
  readonly #maxEventBytes: number;
  #data: string[] = [];
  /** How many UTF-16 units the data has, line ends included. */
  #units = 0;
  /** How many bytes that are; counted only once there may be too many. */
  #bytes: number | undefined;
  #event = "";
  /** What an event from now on has. */
  #id: string;
  /** What the last event had. */
  #lastEventId: string;
  #retryMs: number | undefined;
  #isTooLarge = false;

  /** Begins with a stream. */
  constructor({ lastEventId, maxEventBytes }: EventParserOptions) {
    this.#id = this.#lastEventId = lastEventId;
    this.#maxEventBytes = maxEventBytes;
  }

  /** The id of the last event, after which the stream goes on; empty if there is none. */
  get lastEventId(): string {
    return this.#lastEventId;
  }

  /** How long the server wants clients to wait before they connect again, in milliseconds, if it has said so. */
  get retryMs(): number | undefined {
    return this.#retryMs;
  }

  /** Whether an event was too large; nothing is made of what follows. */
  get isTooLarge(): boolean {
    return this.#isTooLarge;
  }

  /** Forgets what there is of an event without its end, as its stream has ended. */
  reset(): void {
    this.#clear();
    this.#id = this.#lastEventId;
  }

  /**
   * Takes a line.
   *
   * @param line The line, without its end.
   * @returns The event that it ends.
   */
  push(line: string): ServerSentEvent | undefined {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === -1) return this.#take(line, "");
    // Otherwise it is a comment.
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
    // No UTF-16 unit takes more than three bytes.
    if (3 * this.#units <= this.#maxEventBytes) return;
    this.#bytes = this.#bytes === undefined
      ? this.#data.reduce((bytes, line) => bytes + utf8Length(line) + 1, 0)
      : this.#bytes + utf8Length(value) + 1;
    // The last line end is no part of the data.
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

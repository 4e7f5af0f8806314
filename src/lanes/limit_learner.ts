/**
 * The learning of origins' limits from their responses.
 *
 * @module
 */

import type { LimitReading } from "../http/limit_reading.ts";
import type { Lane, Learner, StatedAnswer } from "./lane.ts";
import { LimitBook } from "./limit_book.ts";

/** The options of a learner. */
export interface LearnerOptions {
  /** Reads the limits that the headers of a response state; it must not throw. */
  readonly read: (headers: Headers) => readonly LimitReading[];
  /** How long a book believes that a quota is used up, in milliseconds. */
  readonly maxWaitMs: number;
}

/** Writes the limits that responses state into the books of their lane and their limit key. */
export class LimitLearner implements Learner {
  readonly #options: LearnerOptions;

  /** Creates a learner, which has no state of its own. */
  constructor(options: LearnerOptions) {
    this.#options = options;
  }

  /** Begins a book while `underWay` requests are in flight. */
  begin(underWay: number, nowMs: number): LimitBook {
    return new LimitBook(this.#options.maxWaitMs, underWay, nowMs);
  }

  /** Learns from a response of a lane. */
  learn(lane: Lane, { headers, isOk, nowMs, receipt, inFlight, openOfKey }: StatedAnswer): void {
    const readings = this.#options.read(headers);
    const line = receipt?.line;
    const ofKey = line === undefined ? [] : readings.filter(({ per }) => per !== "origin");
    const ofOrigin = readings.filter(({ per }) => line === undefined ? per !== "key" : per === "origin");
    const write = (book: LimitBook, stated: readonly LimitReading[]): void => {
      const isStranger = receipt?.isIn(book) !== true;
      book.update(stated, { nowMs, isOk, number: receipt?.number ?? -1, latest: lane.attempts, isStranger });
    };
    // A response without limits means something to an existing book as well.
    if (line !== undefined && ofKey.length > 0) line.book ??= this.begin(openOfKey, nowMs);
    if (line?.book !== undefined) write(line.book, ofKey);
    if (ofOrigin.length > 0 && lane.book === undefined) lane.keepBook(this.begin(inFlight, nowMs));
    if (lane.book !== undefined) write(lane.book, ofOrigin);
  }
}

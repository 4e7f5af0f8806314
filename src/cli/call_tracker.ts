/**
 * What becomes of the requests of a client, told from its events.
 *
 * @module
 */

import type { Client } from "../client/client.ts";
import type { RequestOptions } from "../client/request.ts";
import type { ClientEvent, ValueSource } from "../policies/event.ts";

/** What has become of the requests of one job. */
export interface CallRecord {
  /** How many attempts were made. */
  attempts: number;
  /** Where the last answer came from. */
  from: ValueSource;
  /** Whether one of its requests is in line, under way, or being received; it is not while it sleeps, and at the end. */
  isSending: boolean;
}

/** Options of {@linkcode CallTracker}. */
export interface CallTrackerOptions {
  /** Called when there may be room for another request. */
  readonly onRoom: () => void;
}

/** Knows which event belongs to which job, and how many requests are under way. Dispose it to stop listening. */
export class CallTracker implements Disposable {
  readonly #client: Client;
  readonly #onRoom: () => void;
  readonly #listener: Disposable;
  readonly #records = new Map<number, CallRecord>();
  readonly #openBreakers = new Set<string>();
  #pausedUntilMs = -Infinity;
  #nowMs = -Infinity;
  /** Whose request is being made just now. */
  #calling: CallRecord | undefined;
  #sending = 0;
  /** Those that have begun, have nothing under way, and do not sleep: what they received is being written. */
  readonly #finishing = new Set<CallRecord>();

  /** Listens to a client. */
  constructor(client: Client, { onRoom }: CallTrackerOptions) {
    this.#client = client;
    this.#onRoom = onRoom;
    this.#listener = client.on((event) => this.#onEvent(event));
  }

  /**
   * How many requests hold a permit or wait for one. Where an origin is down or has asked for a pause, those that wait for it hold
   * nobody up, and do not count.
   */
  get sending(): number {
    const isInTrouble = this.#openBreakers.size > 0 || this.#nowMs < this.#pausedUntilMs;
    return isInTrouble ? this.#client.stats().inFlight : this.#sending;
  }

  /** How many have received all that was under way, and have not ended. */
  get finishing(): number {
    return this.#finishing.size;
  }

  /** A job begins: it counts as one that sends until it is known what it does. */
  begin(record: CallRecord): void {
    this.#setSending(record, true);
  }

  /** Makes a request for a job; see `client.fetch`. */
  fetch(record: CallRecord, url: string, init: RequestInit, options: RequestOptions): Promise<Response> {
    this.#calling = record;
    try {
      return this.#client.fetch(url, init, options);
    } finally {
      this.#calling = undefined;
    }
  }

  /** Nothing of a job is under way any more. */
  end(record: CallRecord): void {
    this.#finishing.delete(record);
    if (record.isSending) this.#setSending(record, false);
    else this.#onRoom();
  }

  [Symbol.dispose](): void {
    this.#listener[Symbol.dispose]();
  }

  #onEvent(event: ClientEvent): void {
    this.#nowMs = event.atMs;
    if ("requestId" in event) {
      if (event.type === "queued" && this.#calling !== undefined) {
        this.#records.set(event.requestId, this.#calling);
      }
      const record = this.#records.get(event.requestId);
      if (record !== undefined) this.#note(record, event);
    } else if (event.type === "breaker") {
      if (event.to === "closed") this.#openBreakers.delete(event.origin);
      else this.#openBreakers.add(event.origin);
      this.#onRoom();
    }
  }

  #note(record: CallRecord, event: ClientEvent & { readonly requestId: number }): void {
    if (event.type === "queued") this.#setSending(record, true);
    else if (event.type === "attempt") {
      record.attempts++;
      this.#setSending(record, true);
    } else if (event.type === "retry") this.#setSending(record, false);
    else if (event.type === "rateLimited") {
      this.#pausedUntilMs = Math.max(this.#pausedUntilMs, event.atMs + event.retryAfterMs);
      this.#onRoom();
    } else if (event.type === "body") this.#forget(record, event.requestId);
    else if (event.type === "settled") {
      record.from = event.from ?? record.from;
      // What the cache has answered has no body under way.
      if (!event.ok || event.from !== "network") this.#forget(record, event.requestId);
    }
  }

  #forget(record: CallRecord, requestId: number): void {
    this.#records.delete(requestId);
    this.#finishing.add(record);
    this.#setSending(record, false);
  }

  #setSending(record: CallRecord, isSending: boolean): void {
    if (record.isSending === isSending) return;
    record.isSending = isSending;
    if (isSending) this.#finishing.delete(record);
    this.#sending += isSending ? 1 : -1;
    if (!isSending) this.#onRoom();
  }
}

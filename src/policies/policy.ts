/**
 * The contract of the stations: each takes the next one and gives back what goes before it.
 *
 * @module
 */

import type { Clock } from "../primitives/clock.ts";
import type { DeadlineQueue } from "../primitives/deadline_queue.ts";
import type { Call } from "./call.ts";
import type { Reporter } from "./event.ts";
import type { Reply } from "./reply.ts";

/** Brings a call to its reply. Any response is a reply; only what brought none is thrown. */
export type Station = (call: Call) => Promise<Reply>;

/** Puts a station before the next one; applied once, when the client is made. */
export type Policy = (next: Station) => Station;

/** The numbers that stations count. */
export interface Counters {
  retried: number;
  fresh: number;
  stale: number;
  shared: number;
  /** Permits out. */
  inFlight: number;
  bytes: number;
}

/** What the stations of one client share. */
export interface Environment {
  readonly fetch: typeof fetch;
  /** Whether `fetch` is known to settle at once when its signal aborts, as the runtimes' own does. */
  readonly heedsSignals: () => boolean;
  /** Whether `fetch` sends many requests over one connection, where the server can. */
  readonly negotiatesHttp2: () => boolean;
  readonly clock: Clock;
  readonly deadlines: DeadlineQueue;
  readonly reporter: Reporter;
  readonly counters: Counters;
  /** An attempt has really ended. */
  readonly onAttemptEnd: () => void;
  /**
   * Starts a call that nobody waits for, for the same as another one. Closing gives it a little time to end.
   *
   * @param original The call that is the reason for it.
   * @param station Brings it to its reply, whose body is then got rid of.
   */
  readonly startInBackground: (original: Call, station: Station) => void;
  /** Keeps work that nobody waits for, until it ends, so that closing can wait for it. */
  readonly inBackground: (work: Promise<unknown>) => void;
}

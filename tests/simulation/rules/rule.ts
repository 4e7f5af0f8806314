/**
 * The interface of a group of rules.
 *
 * @module
 */

import type { Caller, Sent } from "../records.ts";

/** Rules that the simulation checks at certain events; a group has only the methods for the events that it needs. */
export interface RuleGroup {
  /** Whether it also gets the events of the other client, whose lanes the observer does not watch. */
  readonly hearsAll?: boolean | undefined;
  /** Called when the client hands a request to the network. */
  onSend?(sent: Sent): void;
  /** Called when a request is answered, or has failed. */
  onAnswer?(sent: Sent): void;
  /** Called when a caller has its result. */
  onEnding?(caller: Caller): void;
  /** Called when everything that is due has run, before the clock moves on. */
  onQuiet?(): void;
  /** Called when nothing is left to run, and the client is still open. */
  atEnd?(): void;
  /** Called when the client is closed and nothing is left to run. */
  atClose?(): void;
}

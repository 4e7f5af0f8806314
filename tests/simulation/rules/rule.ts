/**
 * What a group of rules is.
 *
 * @module
 */

import type { Caller, Sent } from "../records.ts";

/** Rules that are looked at when something happens; those that are not concerned say nothing. */
export interface RuleGroup {
  /** Whether it hears of the other client as well, whose lanes nobody sees. */
  readonly hearsAll?: boolean | undefined;
  /** A request is handed to the network. */
  onSend?(sent: Sent): void;
  /** It was answered, or has failed. */
  onAnswer?(sent: Sent): void;
  /** A caller has its answer. */
  onEnding?(caller: Caller): void;
  /** Everything has run that was due. */
  onQuiet?(): void;
  /** Nothing is left to happen, and the client is open. */
  atEnd?(): void;
  /** The client is closed. */
  atClose?(): void;
}

/**
 * A client before a scripted origin, on a clock that stands still.
 *
 * @module
 */

import { type Client, type ClientEvent, type ClientOptions, createClient } from "../../mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { bothWays, type TestBothWays } from "./both_ways.ts";
import { FakeOrigin, type FakeOriginOptions, type Reply } from "./fake_origin.ts";

/** The URL that tests request. */
export const URL_A = "https://a.test/data.json";

/** A client with its clock, its origin and its events. */
export interface Rig {
  readonly clock: ManualClock;
  readonly origin: FakeOrigin;
  readonly client: Client;
  /** Everything that the client reports. */
  readonly events: ClientEvent[];
  /** Moves the clock from timer to timer until a promise settles. */
  run<T>(promise: PromiseLike<T>): Promise<T>;
}

/** The options of a rig. */
export interface RigOptions extends FakeOriginOptions {
  /**
   * Whether the test listens to the client. With a listener every request goes the general way. Without one, plain
   * requests go the straight way, and `events` stays empty.
   *
   * @default {true}
   */
  readonly listens?: boolean | undefined;
}

/** Creates a client without jitter whose `fetch` replies by the script; the last reply repeats. */
export function rig(
  replies: Reply | readonly Reply[],
  options: ClientOptions = {},
  { clock = new ManualClock(), deaf, listens = true }: RigOptions = {},
): Rig {
  const origin = new FakeOrigin(replies, { clock, deaf });
  const client = createClient({ clock, random: () => 0, fetch: origin.fetch, ...options });
  const events: ClientEvent[] = [];
  if (listens) client.on((event) => events.push(event));
  return { clock, origin, client, events, run: (promise) => clock.run(promise) };
}

/** Registers a test twice: for rigs with a listener, and for rigs without. */
export const testBothWays: TestBothWays<typeof rig> = bothWays((listens) => (replies, options, others) =>
  rig(replies, options, { listens, ...others })
);

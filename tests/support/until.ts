/**
 * Waiting for what real work brings about.
 *
 * @module
 */

import { AssertionError } from "@std/assert";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";

/** Only a test that hangs waits that long. */
const PATIENCE_MS = 30_000;

/** Turns of the event loop at full speed, before waiting in steps of a millisecond. */
const FAST_TURNS = 200;

/**
 * Waits until something is so that sockets, files, processes or modules bring about, however long a busy machine takes for it.
 *
 * @param isSo Whether it is so.
 * @throws {AssertionError} If half a minute has brought nothing.
 */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  for (let turn = 0; !await isSo(); turn++) {
    if (turn < FAST_TURNS) await eventLoopTurn();
    else if (performance.now() > endMs) throw new AssertionError(`Waited in vain until ${isSo}`);
    else await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

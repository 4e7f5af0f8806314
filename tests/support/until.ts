/**
 * Waits for the effects of real work, such as that of sockets or processes.
 *
 * @module
 */

import { AssertionError } from "@std/assert";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";

/** The longest wait, which only a test that hangs reaches. */
const PATIENCE_MS = 30_000;

/** The number of event loop turns to wait at full speed, before waiting in steps of a millisecond. */
const FAST_TURNS = 200;

/**
 * Waits until a condition holds that depends on sockets, files, processes or modules. The limit of half a minute leaves a busy
 * machine enough time.
 *
 * @param isSo Returns whether the condition holds.
 * @throws {AssertionError} If the condition does not hold after half a minute.
 */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  for (let turn = 0; !await isSo(); turn++) {
    if (turn < FAST_TURNS) await eventLoopTurn();
    else if (performance.now() > endMs) throw new AssertionError(`Waited in vain until ${isSo}`);
    else await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

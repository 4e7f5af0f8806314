/**
 * A `fetch` without a network, so that a benchmark measures only the cost of the client.
 *
 * @module
 */

import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";

/** One answer in this number takes a turn of the event loop, like a real answer; the others arrive with a microtask. */
const REQUESTS_A_TURN = 64;
const INIT: ResponseInit = { headers: { "content-type": "application/json" } };

/** Creates a `fetch` that answers every request with a little JSON. */
export function createFakeFetch(): typeof fetch {
  let count = 0;
  const answer = (): Response => new Response('{"ok":true}', INIT);
  return () => ++count % REQUESTS_A_TURN === 0 ? eventLoopTurn().then(answer) : Promise.resolve(answer());
}

/**
 * A `fetch` without a network: what remains is what a client costs.
 *
 * @module
 */

import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";

/** One in so many answers takes a turn of the event loop, as real ones do; the others come with the next microtask. */
const REQUESTS_A_TURN = 64;
const INIT: ResponseInit = { headers: { "content-type": "application/json" } };

/** Makes a `fetch` that answers everything with a little JSON. */
export function createFakeFetch(): typeof fetch {
  let count = 0;
  const answer = (): Response => new Response('{"ok":true}', INIT);
  return () => ++count % REQUESTS_A_TURN === 0 ? eventLoopTurn().then(answer) : Promise.resolve(answer());
}

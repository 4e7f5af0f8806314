/**
 * One turn of the event loop.
 *
 * @module
 */

type Immediate = (callback: () => void) => unknown;

const immediate = (globalThis as { setImmediate?: Immediate }).setImmediate;

/** Whether reading the body of a response takes several turns of the event loop, as in browsers. */
export const BODIES_TAKE_TURNS: boolean = immediate === undefined;

/**
 * Waits for one turn of the event loop. By then every promise reaction that was due has run, and every reaction that those have
 * caused. A turn takes microseconds where `setTimeout(…, 0)` takes milliseconds.
 *
 * @returns A promise that resolves in the next turn.
 */
export function eventLoopTurn(): Promise<void> {
  return immediate === undefined ? messageTurn() : new Promise((resolve) => immediate(resolve));
}

/**
 * How many bodies a turn reads, one after the other. One is not enough, because a body that comes in pieces, or through a
 * middleware, takes longer than one small body.
 */
const BODIES_A_TURN = 3;

/**
 * Waits for one turn in browsers, which have no `setImmediate`. Browsers deliver even the body of a constructed response from
 * another thread, in several turns. So the turn reads small bodies itself: once these have arrived, small bodies that were being
 * read before have arrived, too.
 */
export async function messageTurn(): Promise<void> {
  for (let nth = 0; nth < BODIES_A_TURN; nth++) await new Response(new Blob(["turn"]).stream()).text();
  const { port1, port2 } = new MessageChannel();
  await new Promise<void>((resolve) => {
    port1.onmessage = () => {
      port1.close();
      port2.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

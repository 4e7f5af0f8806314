/**
 * One turn of the event loop.
 *
 * @module
 */

type Immediate = (callback: () => void) => unknown;

const immediate = (globalThis as { setImmediate?: Immediate }).setImmediate;

/** Whether the bodies of responses take turns of their own. */
export const BODIES_TAKE_TURNS: boolean = immediate === undefined;

/**
 * Waits for one turn of the event loop: every promise reaction that was due, and every one that those made due, has
 * run by then. It takes microseconds where `setTimeout(…, 0)` takes milliseconds.
 *
 * @returns A promise that resolves in the next turn.
 */
export function eventLoopTurn(): Promise<void> {
  return immediate === undefined ? messageTurn() : new Promise((resolve) => immediate(resolve));
}

/** How many bodies are read in a turn: one that comes in pieces, or by way of a middleware, takes longer than they do. */
const BODIES_A_TURN = 3;

/**
 * The same for browsers, which have no `setImmediate`. They hand over even the body of a constructed response from elsewhere, in several
 * turns: small ones that are being read have come when others have that were begun now.
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

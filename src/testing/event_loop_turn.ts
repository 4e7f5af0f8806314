/**
 * One turn of the event loop.
 *
 * @module
 */

type Immediate = (callback: () => void) => unknown;

const immediate = (globalThis as { setImmediate?: Immediate }).setImmediate;

/**
 * Waits for one turn of the event loop: every promise reaction that was due, and every one that those made due, has
 * run by then. It takes microseconds where `setTimeout(…, 0)` takes milliseconds.
 *
 * @returns A promise that resolves in the next turn.
 */
export function eventLoopTurn(): Promise<void> {
  return immediate === undefined ? messageTurn() : new Promise((resolve) => immediate(resolve));
}

/** The same for browsers, which have no `setImmediate`. */
export function messageTurn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      port2.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/**
 * Abort controllers that count the listeners of their signals.
 *
 * @module
 */

/** An abort controller whose signal's listeners are counted. */
export class CountedController extends AbortController {
  /** How many listeners the signal has. */
  listeners = 0;

  constructor() {
    super();
    const { signal } = this;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    const counted = new Set<unknown>();
    const count = (listener: unknown, isThere: boolean): void => {
      if (isThere) counted.add(listener);
      else counted.delete(listener);
      this.listeners = counted.size;
    };
    const define = (name: string, value: unknown): void => {
      Object.defineProperty(signal, name, { value });
    };
    define("addEventListener", (...args: Parameters<typeof add>) => {
      count(args[1], true);
      add(...args);
    });
    define("removeEventListener", (...args: Parameters<typeof remove>) => {
      count(args[1], false);
      remove(...args);
    });
  }
}

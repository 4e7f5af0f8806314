/**
 * One test for both ways that a request may go: the general way while the client has a listener, and the straight
 * way, which plain requests go without one. Both ways keep the same promises.
 *
 * @module
 */

import { test } from "../support/test.ts";

/** Registers a test twice; its body gets a function that creates clients. */
export type TestBothWays<T> = (name: string, body: (make: T) => void | Promise<void>) => void;

/**
 * Returns a function that registers a test for both ways.
 *
 * @param makerOf Returns the function that creates a test's clients, with a listener or without.
 * @returns Registers a test twice, once for each way.
 */
export function bothWays<T>(makerOf: (listens: boolean) => T): TestBothWays<T> {
  return (name, body) => {
    for (const listens of [true, false]) {
      test(listens ? name : `${name}, without a listener`, () => body(makerOf(listens)));
    }
  };
}

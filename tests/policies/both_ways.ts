/**
 * One test for both ways that a request may go: the general one, as long as somebody listens to the client, and the straight one,
 * which plain requests go when nobody does. They keep the same promises.
 *
 * @module
 */

import { test } from "../support/test.ts";

/** Registers a test twice, whose body is given what makes its clients. */
export type TestBothWays<T> = (name: string, body: (make: T) => void | Promise<void>) => void;

/**
 * Prepares tests for both ways.
 *
 * @param makerOf What makes the clients of a test, with a listener or without.
 * @returns Registers a test for both.
 */
export function bothWays<T>(makerOf: (listens: boolean) => T): TestBothWays<T> {
  return (name, body) => {
    for (const listens of [true, false]) {
      test(listens ? name : `${name}, with nobody who listens`, () => body(makerOf(listens)));
    }
  };
}

/**
 * The import of a program that uses only the semaphore, to measure the size of its bundle.
 *
 * @module
 */

export { Semaphore } from "../../src/primitives/mod.ts";

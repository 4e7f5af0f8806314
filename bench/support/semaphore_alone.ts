/**
 * What a program loads that takes nothing but the semaphore.
 *
 * @module
 */

export { Semaphore } from "../../src/primitives/mod.ts";

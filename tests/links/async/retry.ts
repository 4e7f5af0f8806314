/** `@std/async/retry` from its npm release, for machines that can't reach JSR. @module */

// @ts-types="./mod.d.ts"
export { retry, RetryError } from "npm:deno-std@1.4.0/async/retry.js";
export type { RetryOptions } from "./mod.d.ts";

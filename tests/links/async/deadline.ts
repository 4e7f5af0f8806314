/** `@std/async/deadline` from its npm release, for machines that can't reach JSR. @module */

// @ts-types="./mod.d.ts"
export { deadline } from "npm:deno-std@1.4.0/async/deadline.js";
export type { DeadlineOptions } from "./mod.d.ts";

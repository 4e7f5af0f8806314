/** `@std/async/delay` from its npm release, for machines that can't reach JSR. @module */

// @ts-types="./mod.d.ts"
export { delay } from "npm:deno-std@1.4.0/async/delay.js";
export type { DelayOptions } from "./mod.d.ts";

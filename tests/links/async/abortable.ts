/** `@std/async/abortable` from its npm release, for machines that can't reach JSR. @module */

// @ts-types="./mod.d.ts"
export { abortable } from "npm:deno-std@1.4.0/async/abortable.js";

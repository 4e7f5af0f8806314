/** `@std/assert` from its npm release, for machines that can't reach JSR. @module */

// @ts-types="./mod.d.ts"
export * from "npm:deno-std@1.4.0/assert/mod.js";

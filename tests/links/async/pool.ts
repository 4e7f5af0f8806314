/** `@std/async/pool` from its npm release, for machines that can't reach JSR. @module */

// @ts-types="./mod.d.ts"
export { pooledMap } from "npm:deno-std@1.4.0/async/pool.js";

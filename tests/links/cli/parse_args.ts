/** `@std/cli/parse-args` from its npm release, for machines that can't reach JSR. @module */

// @ts-types="./parse_args.d.ts"
export { parseArgs } from "npm:deno-std@1.4.0/cli/parse_args.js";
export type { Args, ParseOptions } from "./parse_args.d.ts";

/** The part of `@std/cli` that this folder holds. @module */

export * from "./parse_args.ts";
export * from "./unicode_width.ts";

/** `@std/async` from its npm release, for machines that can't reach JSR. @module */

export * from "./abortable.ts";
export * from "./deadline.ts";
export * from "./delay.ts";
export * from "./pool.ts";
export * from "./retry.ts";

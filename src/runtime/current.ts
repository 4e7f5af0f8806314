/**
 * The runtime that executes this program.
 *
 * @module
 */

import { bunRuntime } from "./bun.ts";
import type { Runtime } from "./contract.ts";
import { denoRuntime } from "./deno.ts";
import { nodeProcess, nodeRuntime } from "./node.ts";
import { webRuntime } from "./web.ts";

const globals = globalThis as { readonly Deno?: unknown; readonly Bun?: unknown };

/** The runtime that executes this program. */
export const currentRuntime: Runtime = globals.Bun !== undefined
  ? bunRuntime
  : globals.Deno !== undefined
  ? denoRuntime
  : nodeProcess() !== undefined
  ? nodeRuntime
  : webRuntime;

/**
 * The connections of the current runtime.
 *
 * @module
 */

import { bunTransport } from "./bun.ts";
import type { TransportRuntime } from "./contract.ts";
import { denoTransport } from "./deno.ts";
import { webTransport } from "./web.ts";

/** The connections of the current runtime. */
export const currentTransport: TransportRuntime = "Bun" in globalThis
  ? bunTransport
  : "Deno" in globalThis && typeof Deno.createHttpClient === "function"
  ? denoTransport
  : webTransport;

/**
 * Connections of whichever runtime this is.
 *
 * @module
 */

import { bunTransport } from "./bun.ts";
import type { TransportRuntime } from "./contract.ts";
import { denoTransport } from "./deno.ts";
import { webTransport } from "./web.ts";

/** What makes connections here. */
export const currentTransport: TransportRuntime = "Bun" in globalThis
  ? bunTransport
  : "Deno" in globalThis && typeof Deno.createHttpClient === "function"
  ? denoTransport
  : webTransport;

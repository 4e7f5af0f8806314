/**
 * The global `fetch`, which may have been replaced: also by the `fetch` of a client.
 *
 * @module
 */

import type { FetchFunction } from "../policies/policy.ts";
import type { FetchOptions } from "./request.ts";

/** The global `fetch` at import. */
export const fetchAtImport: typeof globalThis.fetch = globalThis.fetch;

/** Marks the `fetch` of a client, also for other copies of this module. */
const BRAND = Symbol.for("@slipstream/fetch.fetch");

/** A `fetch` of ours; Bun's has a `preconnect` as well. */
type DropIn = typeof globalThis.fetch & OwnFetch;
type OwnFetch = (
  input: string | URL | Request,
  init?: RequestInit,
  options?: FetchOptions,
) => Promise<Response>;

/**
 * Makes the `fetch` of a client one that can stand in for the global one.
 *
 * @param fetch What it does.
 * @returns The same function, with what the runtime's own has besides.
 */
export function dropIn(fetch: OwnFetch): DropIn {
  Object.defineProperty(fetch, BRAND, { value: true });
  const { preconnect } = fetchAtImport as { readonly preconnect?: (...args: unknown[]) => unknown };
  if (preconnect !== undefined) {
    Object.assign(fetch, { preconnect: (...args: unknown[]) => preconnect.apply(fetchAtImport, args) });
  }
  return fetch as DropIn;
}

/**
 * Makes a `fetch` that is the global one of the moment at which it is called. When that is a client's, it is the one that was there
 * when this was made, or the client would call itself.
 */
export function globalFetch(): FetchFunction {
  const found = globalThis.fetch;
  return (input, init) => {
    const { fetch } = globalThis;
    return BRAND in fetch ? found(input, init) : fetch(input, init);
  };
}

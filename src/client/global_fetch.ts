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

/** The `fetch` of a client, as a stand-in for the global one; Bun's has a `preconnect` as well. */
type DropIn = typeof globalThis.fetch & OwnFetch;
type OwnFetch = (
  input: string | URL | Request,
  init?: RequestInit,
  options?: FetchOptions,
) => Promise<Response>;

/**
 * Makes the `fetch` of a client a stand-in for the global one.
 *
 * @param fetch The function of the client.
 * @returns The same function, with the members that the runtime's own `fetch` has.
 */
export function dropIn(fetch: OwnFetch): DropIn {
  Object.defineProperty(fetch, BRAND, { value: true });
  // Simulated browsers, and tests that remove it, may have no global `fetch`.
  const original = fetchAtImport as { readonly preconnect?: (...args: unknown[]) => unknown } | undefined;
  const preconnect = original?.preconnect;
  if (preconnect !== undefined) {
    Object.assign(fetch, { preconnect: (...args: unknown[]) => preconnect.apply(fetchAtImport, args) });
  }
  return fetch as DropIn;
}

/**
 * Returns a `fetch` that calls the global one of the moment. If that belongs to a client, it calls the one that was global when
 * this function was made; otherwise the client would call itself.
 */
export function globalFetch(): FetchFunction {
  const found = globalThis.fetch;
  return (input, init) => {
    const { fetch } = globalThis;
    return BRAND in fetch ? found(input, init) : fetch(input, init);
  };
}

/**
 * The mirrors of the demo: names that stay the same, on ports that never do.
 *
 * @module
 */

/** The mirrors, preferred first. */
export const MIRRORS = ["alpha", "bravo", "charlie"] as const;

/**
 * What a client calls the mirrors. Names that have no owner (RFC 6761 §6.2), because a cache knows a file by its URL, and
 * has to know it again when the mirrors listen elsewhere.
 */
export const MIRROR_URLS: readonly string[] = MIRRORS.map((name) => `http://${name}.test`);

/**
 * Reaches the mirrors by their names.
 *
 * @param addresses Where they are, in their order, as in `http://127.0.0.1:40979`.
 * @param send Sends a request to an address.
 * @returns A `fetch` for URLs below {@linkcode MIRROR_URLS}.
 */
export function fetchByName(addresses: readonly string[], send: typeof fetch): typeof fetch {
  const byOrigin = new Map(MIRROR_URLS.map((url, index) => [url, addresses[index] ?? ""]));
  return async (input, init) => {
    const { href, origin } = new URL(input instanceof Request ? input.url : input);
    const response = await send(`${byOrigin.get(origin) ?? origin}${href.slice(origin.length)}`, init);
    // A cache stores it under the name.
    return Object.defineProperty(response, "url", { value: href });
  };
}

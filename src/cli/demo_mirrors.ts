/**
 * The mirrors of the demo: their names stay the same, while their ports change with every run.
 *
 * @module
 */

/** The names of the mirrors, the preferred one first. */
export const MIRRORS = ["alpha", "bravo", "charlie"] as const;

/**
 * The URLs of the mirrors, as the client sees them. Their names are reserved for tests (RFC 6761 §6.2). A cache finds a file by
 * its URL, and must find it again when the mirrors listen on other ports.
 */
export const MIRROR_URLS: readonly string[] = MIRRORS.map((name) => `http://${name}.test`);

/**
 * Creates a `fetch` that reaches the mirrors by their names.
 *
 * @param addresses The addresses of the mirrors, in their order, as in `http://127.0.0.1:40979`.
 * @param send Sends a request to an address.
 * @returns A `fetch` for URLs below {@linkcode MIRROR_URLS}.
 */
export function fetchByName(addresses: readonly string[], send: typeof fetch): typeof fetch {
  const byOrigin = new Map(MIRROR_URLS.map((url, index) => [url, addresses[index] ?? ""]));
  return async (input, init) => {
    const { href, origin } = new URL(input instanceof Request ? input.url : input);
    const response = await send(`${byOrigin.get(origin) ?? origin}${href.slice(origin.length)}`, init);
    // The cache must store the response under the URL with the name.
    return Object.defineProperty(response, "url", { value: href });
  };
}

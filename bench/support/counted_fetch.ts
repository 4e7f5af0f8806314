/**
 * Counts what goes through the global `fetch`, by origin: of hosts that do not exist nobody else could tell. Import it before
 * whoever might keep a `fetch` of its own.
 *
 * @module
 */

const counts = new Map<string, number>();
const send = globalThis.fetch;

globalThis.fetch = (input, init) => {
  const { origin } = new URL(input instanceof Request ? input.url : input);
  counts.set(origin, requestsTo(origin) + 1);
  return send(input, init);
};

/** How many requests were sent to an origin. */
export function requestsTo(origin: string): number {
  return counts.get(origin) ?? 0;
}

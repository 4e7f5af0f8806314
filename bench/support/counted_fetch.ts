/**
 * Counts the requests that go through the global `fetch`, by origin. No server could count the requests to a host that does
 * not exist. Import this module before any client that may keep a reference to `fetch`.
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

/** Returns the number of requests that were sent to an origin. */
export function requestsTo(origin: string): number {
  return counts.get(origin) ?? 0;
}

/**
 * The lines of `--verbose`: what was sent, how it was answered, and why it is sent again.
 *
 * @module
 */

import type { ClientEvent } from "../policies/event.ts";
import { formatDuration } from "./format.ts";

/**
 * Turns an event into a line. URLs in events hold no secrets.
 *
 * @param event The event.
 * @returns The line; `undefined` for events that tell nothing new.
 */
export function eventText(event: ClientEvent): string | undefined {
  const id = "requestId" in event ? `#${event.requestId}` : "*";
  switch (event.type) {
    case "queued":
      return `${id} ${event.method} ${event.url}`;
    case "cacheHit":
      return `${id} from the cache (${event.kind})`;
    case "attempt":
      return `${id} attempt ${event.attempt} to ${event.origin}`;
    case "headers":
      return `${id} answered with ${event.status}`;
    case "retry":
      return `${id} failed (${event.reason}): retry ${event.retry} in ${formatDuration(event.delayMs)}`;
    case "mirror":
      return `${id} failed (${event.reason}) at ${event.from}: next is ${event.to}`;
    case "rateLimited":
      return `${id} ${event.origin} asks to wait ${formatDuration(event.retryAfterMs)}`;
    case "breaker":
      return `${id} circuit breaker of ${event.origin}: ${event.from} → ${event.to}`;
    default:
      return undefined;
  }
}

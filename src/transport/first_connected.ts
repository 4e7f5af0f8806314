/**
 * Connects to the address of a name that answers first (RFC 8305 §5).
 *
 * @module
 */

import type { Clock, TimerHandle } from "../primitives/clock.ts";
import type { Socket } from "../runtime/transport/contract.ts";

/**
 * How long to wait for one address before the next one is tried as well, in milliseconds (the Connection Attempt Delay of RFC
 * 8305 §8).
 */
const ATTEMPT_DELAY_MS = 250;

/** Options of {@linkcode firstConnected}. */
export interface FirstConnectedOptions {
  /** Connects to an address. */
  readonly connect: (address: string, signal: AbortSignal) => Promise<Socket>;
  readonly clock: Clock;
  /** The signal that ends all attempts. */
  readonly signal: AbortSignal;
}

/**
 * Tries one address after the other. The next attempt starts at once after a failure, or after a delay while the others still
 * run. When one attempt has connected, the others end.
 *
 * @param addresses The addresses, the preferred one first; at least one.
 * @param options Options.
 * @returns The connection.
 * @throws {unknown} Rejects with the first failure if all attempts fail, or with the reason of the signal.
 */
export function firstConnected(
  addresses: readonly string[],
  { connect, clock, signal }: FirstConnectedOptions,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const failures: unknown[] = [];
    const attempts = new Set<AbortController>();
    let tried = 0;
    let timer: TimerHandle;
    const end = (): void => {
      clock.clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      for (const attempt of attempts) attempt.abort(signal.reason);
    };
    const onAbort = (): void => {
      end();
      reject(signal.reason);
    };
    const tryNext = (): void => {
      clock.clearTimeout(timer);
      const address = addresses[tried++];
      if (address === undefined) return;
      const attempt = new AbortController();
      attempts.add(attempt);
      if (tried < addresses.length) timer = clock.setTimeout(tryNext, ATTEMPT_DELAY_MS);
      connect(address, attempt.signal).then((socket) => {
        // Another attempt may have connected in the same moment.
        if (!attempts.delete(attempt) || attempt.signal.aborted) return socket.close();
        end();
        resolve(socket);
      }, (error: unknown) => {
        attempts.delete(attempt);
        failures.push(error);
        if (failures.length === addresses.length) {
          end();
          reject(failures[0]);
        } else if (!attempt.signal.aborted) tryNext();
      });
    };
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", onAbort);
    tryNext();
  });
}

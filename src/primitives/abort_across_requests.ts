/**
 * Signals and controllers of another incoming request. In workers at the edge they may be touched during that request alone: elsewhere
 * reading, listening and aborting throw. On all other runtimes none of this ever throws.
 *
 * @module
 */

/** Whether a signal has aborted; `false` where that may not be read, as its listeners are told in any case. */
export function hasAborted(signal: AbortSignal): boolean {
  try {
    return signal.aborted;
  } catch { // the signal of another request
    return false;
  }
}

/**
 * Aborts what can be aborted.
 *
 * @returns Whether it has been; what could not be ends with the request that it belongs to.
 */
export function abortIfPossible(controller: AbortController, reason?: unknown): boolean {
  try {
    controller.abort(reason);
    return true;
  } catch {
    // It belongs to another request; or it did abort, and a listener has thrown, which such workers tell whoever aborts.
    return hasAborted(controller.signal);
  }
}

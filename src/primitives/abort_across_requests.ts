/**
 * Signals and controllers that may belong to another incoming request. In workers at the edge, only code that runs for that
 * request may touch them: for other code, reading, listening and aborting throw. On all other runtimes these operations never
 * throw.
 *
 * @module
 */

/** Returns whether a signal has aborted; `false` if this can't be read, because the signal's listeners hear of an abort anyway. */
export function hasAborted(signal: AbortSignal): boolean {
  try {
    return signal.aborted;
  } catch { // the signal of another request
    return false;
  }
}

/**
 * Aborts a controller if its request allows it.
 *
 * @returns Whether the controller has aborted. If not, its work ends with the request that it belongs to.
 */
export function abortIfPossible(controller: AbortController, reason?: unknown): boolean {
  try {
    controller.abort(reason);
    return true;
  } catch {
    // The controller belongs to another request. Or it did abort and a listener threw: in such workers `abort` passes that error
    // on.
    return hasAborted(controller.signal);
  }
}

/**
 * Makes the abort controllers that are created from now on belong to one request, as in workers at the edge. While
 * `isElsewhere` is true, the code runs in another request, and aborting one of them throws. Disposing restores the global.
 */
export function ownedControllers(): { isElsewhere: boolean } & Disposable {
  const { AbortController: Plain } = globalThis;
  const request = {
    isElsewhere: false,
    [Symbol.dispose]: () => void (globalThis.AbortController = Plain),
  };
  globalThis.AbortController = class extends Plain {
    override abort(reason?: unknown): void {
      if (request.isElsewhere) throw new Error("Cannot perform I/O on behalf of a different request");
      super.abort(reason);
    }
  };
  return request;
}

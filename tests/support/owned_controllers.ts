/** Has controllers that are made now belong to a request, which can't be reached from others. */
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

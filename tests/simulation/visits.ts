/**
 * Visits: the incoming requests of a worker at the edge. Timers and sockets belong to the visit that created them. They end
 * with it, and other visits must not use them.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";

/** The work for one incoming request. */
export class Visit {
  isOver = false;
  /** The work that the visit waits for; when it is empty, the visit ends. */
  readonly work: Set<unknown> = new Set();
  readonly #onEnd: (() => void)[] = [];

  constructor(readonly name: string) {}

  /** Adds a callback that runs at the end of the visit. */
  onEnd(callback: () => void): void {
    this.#onEnd.push(callback);
  }

  /** Ends the visit and stops everything that belongs to it. */
  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    for (const callback of this.#onEnd) callback();
  }
}

const storage = new AsyncLocalStorage<Visit | undefined>();

/** Returns the visit of the running code; `undefined` outside of visits: in the servers, and in worlds that are no worker. */
export function currentVisit(): Visit | undefined {
  return storage.getStore();
}

/** Runs a function in a visit, or outside of visits if `visit` is `undefined`. */
export function inVisit<T>(visit: Visit | undefined, run: () => T): T {
  return storage.run(visit, run);
}

/** Waits for a promise, but never settles if the visit has ended by then. */
export async function whileOpen<T>(visit: Visit, promise: Promise<T>): Promise<T> {
  try {
    const value = await promise;
    return visit.isOver ? await new Promise<never>(() => {}) : value;
  } catch (error) {
    if (visit.isOver) return await new Promise<never>(() => {});
    throw error;
  }
}

/** Returns a copy of a response whose body belongs to a visit. */
export function ownedBy(visit: Visit, response: Response): Response {
  if (response.body === null) return response;
  const reader = response.body.getReader();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      checkVisit(visit);
      const { done, value } = await whileOpen(visit, reader.read());
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel(reason) {
      checkVisit(visit);
      await whileOpen(visit, reader.cancel(reason));
    },
  });
  const { status, statusText, headers, url } = response;
  const owned = new Response(body, { status, statusText, headers });
  return Object.defineProperty(owned, "url", { value: url });
}

/** Throws the error of workers if the running code uses I/O of another visit. */
function checkVisit(visit: Visit): void {
  const current = currentVisit();
  // Streams also run outside of visits, by themselves.
  if (current === visit || current === undefined) return;
  throw new Error("Cannot perform I/O on behalf of a different request");
}

const { AbortController: PlainController } = globalThis;

/** Makes each new abort controller belong to the visit that creates it, until the result is disposed. */
export function ownControllers(): Disposable {
  globalThis.AbortController = class extends PlainController {
    readonly #visit = currentVisit();

    override abort(reason?: unknown): void {
      if (this.#visit !== undefined) checkVisit(this.#visit);
      super.abort(reason);
    }
  };
  return { [Symbol.dispose]: () => void (globalThis.AbortController = PlainController) };
}

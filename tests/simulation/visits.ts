/**
 * Visits: the incoming requests of a worker at the edge. Timers and sockets belong to the visit in which they were made, end with
 * it, and may not be touched in another one.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";

/** Everything that happens for one incoming request. */
export class Visit {
  isOver = false;
  /** What it waits for: when that has ended, the visit has. */
  readonly work: Set<unknown> = new Set();
  readonly #onEnd: (() => void)[] = [];

  constructor(readonly name: string) {}

  /** Has something happen at the end of the visit. */
  onEnd(callback: () => void): void {
    this.#onEnd.push(callback);
  }

  /** Everything of it stops, whatever it is about. */
  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    for (const callback of this.#onEnd) callback();
  }
}

const storage = new AsyncLocalStorage<Visit | undefined>();

/** The visit that something runs in; `undefined` outside of all, as the servers do, and everything elsewhere than at the edge. */
export function currentVisit(): Visit | undefined {
  return storage.getStore();
}

/** Runs something in a visit, or outside of all. */
export function inVisit<T>(visit: Visit | undefined, run: () => T): T {
  return storage.run(visit, run);
}

/** A promise that is heard of no more once the visit is over that waits for it. */
export async function whileOpen<T>(visit: Visit, promise: Promise<T>): Promise<T> {
  try {
    const value = await promise;
    return visit.isOver ? await new Promise<never>(() => {}) : value;
  } catch (error) {
    if (visit.isOver) return await new Promise<never>(() => {});
    throw error;
  }
}

/** A response whose body belongs to a visit. */
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

/** What workers say of I/O that another visit has begun. */
function checkVisit(visit: Visit): void {
  const current = currentVisit();
  // Streams go on by themselves as well.
  if (current === visit || current === undefined) return;
  throw new Error("Cannot perform I/O on behalf of a different request");
}

const { AbortController: PlainController } = globalThis;

/** Has controllers belong to visits, until it is disposed. */
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

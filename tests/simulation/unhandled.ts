/**
 * Detects unhandled rejections, on Deno and on Bun.
 *
 * @module
 */

interface BunProcess {
  on(name: "unhandledRejection", listener: (reason: unknown) => void): void;
  off(name: "unhandledRejection", listener: (reason: unknown) => void): void;
}

/** Calls `onUnhandled` for every unhandled rejection, until the result is disposed. */
export function watchUnhandled(onUnhandled: (reason: unknown) => void): Disposable {
  const { Bun, process } = globalThis as { Bun?: unknown; process?: BunProcess };
  if (Bun !== undefined && process !== undefined) {
    process.on("unhandledRejection", onUnhandled);
    return { [Symbol.dispose]: () => process.off("unhandledRejection", onUnhandled) };
  }
  const listener = (event: PromiseRejectionEvent): void => {
    event.preventDefault();
    onUnhandled(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", listener);
  return { [Symbol.dispose]: () => globalThis.removeEventListener("unhandledrejection", listener) };
}

import { assertEquals } from "@std/assert";
import { test } from "./support/test.ts";

// This file imports nothing from the package above: the tests observe its first import.

/** Records which of the named globals a program reads, until the result is disposed. */
function watchPlatform(names: readonly string[]): { readonly used: string[]; [Symbol.dispose](): void } {
  const used: string[] = [];
  const originals = names.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)!] as const);
  for (const [name, { value, get }] of originals) {
    Object.defineProperty(globalThis, name, {
      configurable: true,
      get() {
        used.push(name);
        return get === undefined ? value : get.call(globalThis);
      },
    });
  }
  return {
    used,
    [Symbol.dispose]() {
      for (const [name, original] of originals) Object.defineProperty(globalThis, name, original);
    },
  };
}

test("mod.ts neither names a class of fetch nor makes an error when it is imported, as both cost milliseconds", async () => {
  const { Error: PlatformError } = globalThis;
  const made: unknown[] = [];
  const watched = new Proxy(PlatformError, {
    construct(target, args, newTarget) {
      made.push(args[0]);
      return Reflect.construct(target, args, newTarget);
    },
  });
  using platform = watchPlatform(["Response", "Request", "Headers"]);
  globalThis.Error = watched;
  try {
    const { createClient } = await import("../mod.ts");

    assertEquals(made, []);
    assertEquals(platform.used, []);
    assertEquals(typeof createClient, "function");
  } finally {
    globalThis.Error = PlatformError;
  }
});

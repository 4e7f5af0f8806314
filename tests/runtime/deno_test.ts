import { assertEquals } from "@std/assert";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { serveHandler } from "../support/serve_handler.ts";
import { runtime, skip, test } from "../support/test.ts";

/** The part of the global object that the runtime uses. */
interface Permissions {
  querySync(descriptor: { readonly name: string; readonly variable?: string }): { readonly state: string };
}

const { permissions, env } =
  (globalThis as { Deno?: { permissions: Permissions; env: { get(name: string): string | undefined } } })
    .Deno ??
    { permissions: { querySync: () => ({ state: "granted" }) }, env: { get: () => undefined } };

test("denoRuntime has no limit of its own on requests", () => {
  assertEquals([denoRuntime.name, denoRuntime.maxConcurrentRequests], ["deno", Infinity]);
});

test("denoRuntime.env() reads the environment on Deno, and finds nothing elsewhere", () => {
  assertEquals(typeof denoRuntime.env("PATH"), runtime === "deno" ? "string" : "undefined");
  assertEquals(denoRuntime.env("SLIPSTREAM_NO_SUCH_VARIABLE"), undefined);
});

test("denoRuntime.env() treats an impossible name as a variable that is not set", () => {
  for (const name of ["", "A=B", "A\0B"]) assertEquals(denoRuntime.env(name), undefined);
});

test("denoRuntime.env() reads no variable without the permission for it, and checks for exactly that variable", () => {
  const { querySync } = permissions;
  const { get } = env;
  const asked: unknown[] = [];
  let reads = 0;
  try {
    env.get = () => `${++reads}`;
    for (const state of ["prompt", "denied"]) {
      permissions.querySync = (descriptor) => {
        asked.push(descriptor);
        return { state };
      };
      assertEquals(denoRuntime.env("PATH"), undefined);
    }
  } finally {
    permissions.querySync = querySync;
    env.get = get;
  }
  assertEquals(reads, 0);
  const descriptor = { name: "env", variable: "PATH" };
  assertEquals(asked, runtime === "deno" ? [descriptor, descriptor] : []);
});

test("denoRuntime negotiates HTTP/2", () => {
  assertEquals(denoRuntime.negotiatesHttp2, true);
});

test("denoRuntime.isOutOfDescriptors() reads the cause of any error of fetch", () => {
  const because = (text: string): Error => new TypeError("fetch failed", { cause: new Error(text) });
  for (const text of ["Too many open files (os error 24)", "os error 23"]) {
    assertEquals(denoRuntime.isOutOfDescriptors(because(text)), true);
  }
  for (
    const error of [undefined, null, "os error 24", 24, {}, new Error("os error 24"), because("os error 2")]
  ) {
    assertEquals(denoRuntime.isOutOfDescriptors(error), false);
    assertEquals(denoRuntime.isRedirectFailure(error), false);
  }
});

const TIMERS =
  "denoRuntime.unref() lets the process end although a timer is pending, whichever kind the timer is of";
if (runtime === "deno") {
  test(TIMERS, () => {
    const { unrefTimer } = Deno;
    const unrefed: unknown[] = [];
    try {
      Deno.unrefTimer = (id) => void unrefed.push(id);
      denoRuntime.unref(5);
      denoRuntime.unref({ unref: () => void unrefed.push("one of Node.js") });
      denoRuntime.unref({});
    } finally {
      Deno.unrefTimer = unrefTimer;
    }
    assertEquals(unrefed, [5, "one of Node.js"]);
  });
} else skip(TIMERS, "only Deno has the method for it");

const NAME = "denoRuntime.isRedirectFailure() tells redirects that fetch can't follow from other failures";
if (runtime === "deno") {
  test(NAME, async () => {
    await using server = serveHandler(({ url }) =>
      new Response(null, { status: 302, headers: { location: new URL(url).searchParams.get("to")! } })
    );
    const failureOf = async (url: string, init?: RequestInit) =>
      denoRuntime.isRedirectFailure(await fetch(url, init).catch((error) => error));
    const to = (place: string): string => `${server.url}?to=${encodeURIComponent(place)}`;
    for (const place of ["http://[", "ftp://a.test/", "?to=%3Fto%3D", ""]) {
      assertEquals(await failureOf(to(place)), true, place);
    }
    assertEquals(await failureOf(to("/"), { redirect: "error" }), true);
    const gone = serveHandler(() => new Response());
    await gone[Symbol.asyncDispose]();
    for (const place of [gone.url, "http://["]) {
      assertEquals(await failureOf(place), false, place);
    }
    // A program's own mistake on the way to `fetch`.
    const wrapped = () => fetch(new URL("http://["));
    assertEquals(denoRuntime.isRedirectFailure(await Promise.try(wrapped).catch((error) => error)), false);
  });
} else skip(NAME, "only Deno has these errors");

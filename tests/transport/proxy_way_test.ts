import { assertEquals, assertRejects } from "@std/assert";
import { HopError, refusalOf } from "../../src/transport/dialer.ts";
import { parseProxy } from "../../src/transport/proxy_address.ts";
import { ProxyPool } from "../../src/transport/proxy_pool.ts";
import {
  brokenOff,
  checkForwarded,
  sendThroughProxies,
  unreachable,
  withCredentials,
} from "../../src/transport/proxy_way.ts";
import { isOwnFailure, ProxyError } from "../../src/transport/transport_errors.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { coded, fakeRuntime } from "../support/fake_transport_runtime.ts";
import { test } from "../support/test.ts";

function setUp(results: readonly (Response | Error)[], init: RequestInit = {}) {
  const addresses = results.map((_, index) => parseProxy(`http://p${index}.test:80`, "proxy"));
  const clock = new ManualClock();
  const settings = {
    strategy: "round-robin",
    maxFailures: 1,
    cooldownMs: 1_000,
    clock,
    random: Math.random,
  } as const;
  const pool = new ProxyPool(addresses, settings);
  const tried: number[] = [];
  const send = () =>
    sendThroughProxies(
      pool,
      { url: new URL("https://a.test/"), input: "https://a.test/", init },
      ({ index }) => {
        tried.push(index);
        const result = results[index]!;
        return result instanceof Error ? Promise.reject(result) : Promise.resolve(result);
      },
    );
  return { send, tried, failures: () => pool.proxies.map(({ failures }) => failures) };
}

test("sendThroughProxies() goes on until a proxy works, and tells the pool", async () => {
  const { send, tried, failures } = setUp([
    refusalOf(403, undefined),
    unreachable(undefined, fakeRuntime(() => new Response()).runtime),
    new Response("x"),
    new Response("y"),
  ]);
  assertEquals(await (await send()).text(), "x");
  assertEquals([tried, failures()], [[0, 1, 2], [1, 1, 0, 0]]);
});

test("sendThroughProxies() counts an unreachable origin against a proxy only if another one reaches it", async () => {
  const one = setUp([refusalOf(502, undefined), new Response("x")]);
  await one.send();
  assertEquals(one.failures(), [1, 0]);
  const all = setUp([refusalOf(502, undefined), refusalOf(504, undefined)]);
  const error = await assertRejects(all.send, ProxyError);
  assertEquals([all.failures(), isOwnFailure(error)], [[0, 0], false]);
  const mixed = setUp([refusalOf(502, undefined), refusalOf(403, undefined)]);
  assertEquals(isOwnFailure(await assertRejects(mixed.send, ProxyError)), true);
});

test("sendThroughProxies() goes on only after a failure on the way", async () => {
  const { send, tried, failures } = setUp([new TypeError("reset"), new Response("x")]);
  await assertRejects(send, TypeError, "reset");
  assertEquals([tried, failures()], [[0], [0, 0]]);
});

test("sendThroughProxies() does not go on with a stream, nor after an abort", async () => {
  const aborted = AbortSignal.abort(new Error("enough"));
  for (const init of [{ method: "POST", body: new Blob(["x"]).stream() }, { signal: aborted }]) {
    const { send, tried } = setUp([refusalOf(403, undefined), new Response("x")], init);
    await assertRejects(send, ProxyError);
    assertEquals(tried, [0]);
  }
});

test("checkForwarded() treats a 407 as the proxy's, and nothing else", async () => {
  for (const status of [200, 401, 403, 502]) {
    assertEquals(checkForwarded(new Response("x", { status }), undefined).status, status);
  }
  await assertRejects(
    async () => await checkForwarded(new Response("x", { status: 407 }), undefined),
    HopError,
    "407",
  );
});

test("unreachable() says what is wrong with the certificate, or names the error code, if there is one", () => {
  const { runtime } = fakeRuntime(() => new Response());
  const messageOf = (error: unknown): string => unreachable(error, runtime).message;
  assertEquals(messageOf(coded("ECONNREFUSED")), "could not be reached: ECONNREFUSED");
  assertEquals(messageOf(coded("CERT_HAS_EXPIRED")), "could not be reached: it has expired");
  assertEquals([new Error("x"), null].map(messageOf), Array(2).fill("could not be reached"));
});

test("withCredentials() adds them to a request's headers, in the init or in the Request", () => {
  const url = "http://a.test/";
  const credentials = { username: "us:er", password: "é" };
  const headersOf = (
    input: string | Request,
    init?: RequestInit,
  ) => [...new Headers(withCredentials(input, init, credentials)!.headers)];
  const added = ["proxy-authorization", "Basic dXM6ZXI6w6k="];
  assertEquals(headersOf(url), [added]);
  assertEquals(headersOf(url, { headers: { "proxy-authorization": "own", "x-a": "1" } }), [added, [
    "x-a",
    "1",
  ]]);
  assertEquals(headersOf(new Request(url, { headers: { "x-a": "1" } })), [added, ["x-a", "1"]]);
  assertEquals(headersOf(new Request(url, { headers: { "x-a": "1" } }), { headers: [["b", "2"]] }), [[
    "b",
    "2",
  ], added]);
  const init = { method: "PUT" };
  assertEquals(withCredentials(url, init, credentials)!.method, "PUT");
  assertEquals([withCredentials(url, init, undefined), init], [init, { method: "PUT" }]);
});

test("brokenOff() tells requests that may have been sent from those that were not, and ignores other errors", () => {
  const { runtime } = fakeRuntime(() => new Response());
  const broken = brokenOff(coded("ECONNRESET"), runtime)!;
  assertEquals([broken.mayBeSent, broken.mayBeOriginsFault], [true, true]);
  const unsent = brokenOff(coded("ECONNRESET"), { ...runtime, isUnsent: () => true })!;
  assertEquals([unsent.mayBeSent, unsent.mayBeOriginsFault], [false, true]);
  const isBroken = (): boolean => true;
  for (const error of [coded("EMFILE"), new TypeError("x"), undefined]) {
    assertEquals(brokenOff(error ?? {}, runtime), undefined);
  }
  assertEquals(brokenOff(coded("CERT_HAS_EXPIRED"), { ...runtime, isBroken }), undefined);
});

test("sendThroughProxies() repeats a request that may have been sent only if that can do no harm", async () => {
  const broken = () => new HopError("broke off", { mayBeOriginsFault: true, mayBeSent: true });
  for (const method of ["GET", "head", "OPTIONS"]) {
    const { send, failures } = setUp([broken(), new Response(null)], { method });
    await send();
    assertEquals(failures(), [1, 0]);
  }
  for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
    const { send, tried, failures } = setUp([broken(), new Response("x")], { method });
    assertEquals(isOwnFailure(await assertRejects(send, ProxyError, "broke off")), false);
    assertEquals([tried, failures()], [[0], [0, 0]]);
  }
});

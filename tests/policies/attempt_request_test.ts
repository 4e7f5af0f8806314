import type { ExchangeFacts, Target } from "../../src/policies/journey.ts";
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import type { PreparedRequest } from "../../src/http/request.ts";
import { sendRequest } from "../../src/policies/attempt_request.ts";
import type { Middleware } from "../../src/policies/middleware.ts";
import type { FetchFunction } from "../../src/policies/policy.ts";
import type { CacheMode } from "../../src/policies/settings.ts";
import { systemClock } from "../../src/primitives/clock.ts";
import { bunRuntime } from "../../src/runtime/bun.ts";
import type { Runtime } from "../../src/runtime/contract.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";
import { fakeCall, fakeTarget, SECRET_URL } from "./fake_call.ts";

const { signal } = new AbortController();
const BROWSER: Runtime = { ...bunRuntime, showsRedirects: false };
const redirect = "manual";

/** Sends a request, and returns the arguments that `fetch` got. */
async function sent(
  request: Partial<PreparedRequest> | undefined,
  target: Partial<Target> = {},
  responses: readonly Response[] = [new Response("ok")],
  runtime: Runtime = bunRuntime,
  exchange?: ExchangeFacts,
  cache: CacheMode = "default",
): Promise<{ url: unknown; init: RequestInit }[]> {
  const calls: { url: unknown; init: RequestInit }[] = [];
  let next = 0;
  const fetch: FetchFunction = (url, init = {}) => {
    calls.push({ url, init });
    return Promise.resolve(responses[Math.min(next++, responses.length - 1)]!);
  };
  const call = fakeCall({ request, settings: { cache } });
  call.journey.exchange = exchange;
  await sendRequest(
    { fetch, runtime, use: undefined, useOnHops: undefined, clock: systemClock },
    call,
    fakeTarget(target),
    { signal },
  );
  return calls;
}

test("sendRequest() makes a browser's own cache revalidate, too, when a stale entry is to be replaced", async () => {
  const first = { keepsBody: true, sentAtMs: 0, answeredAtMs: 0 };
  const anew = { ...first, asksAnew: true };
  const cacheOf = async (runtime: Runtime, exchange: ExchangeFacts | undefined, init = {}) =>
    (await sent({ init }, {}, undefined, runtime, exchange))[0]!.init.cache;
  assertEquals(await cacheOf(BROWSER, anew), "no-cache");
  assertEquals(await cacheOf(BROWSER, anew, { cache: "reload" }), "reload");
  for (const exchange of [first, undefined]) assertEquals(await cacheOf(BROWSER, exchange), undefined);
  assertEquals(await cacheOf(bunRuntime, anew), undefined);
});

test("sendRequest() makes a browser's own cache obey 'reload' and 'no-cache', also if the client has no cache", async () => {
  for (const exchange of [undefined, { keepsBody: true, asksAnew: true, sentAtMs: 0, answeredAtMs: 0 }]) {
    for (const cache of ["reload", "no-cache"] as const) {
      const [call] = await sent({}, {}, undefined, BROWSER, exchange, cache);
      assertEquals(call!.init.cache, cache);
    }
  }
  assertEquals((await sent({}, {}, undefined, bunRuntime, undefined, "reload"))[0]!.init.cache, undefined);
});

test("sendRequest() sends a plain GET with its signal and nothing else", async () => {
  assertEquals(await sent(undefined), [{ url: SECRET_URL, init: { signal, redirect } }]);
  assertEquals(await sent({}), [{ url: SECRET_URL, init: { signal, redirect } }]);
  assertEquals(await sent({}, {}, undefined, BROWSER), [{ url: SECRET_URL, init: { signal } }]);
});

test("sendRequest() sends the target's URL and headers, not the request's", async () => {
  const target = { url: "https://mirror.test/x", headers: { accept: "a/b" } };
  assertEquals(await sent({ headers: { accept: "c/d" } }, target), [
    { url: "https://mirror.test/x", init: { signal, redirect, headers: { accept: "a/b" } } },
  ]);
});

test("sendRequest() sends method and body; a stream's half-duplex", async () => {
  const [text] = await sent({ method: "POST", body: "x" });
  assertEquals(text!.init, { signal, redirect, method: "POST", body: "x" });
  const body = new Blob(["x"]).stream();
  const [streamed] = await sent({ method: "POST", body });
  assertStrictEquals(streamed!.init.body, body);
  assertEquals((streamed!.init as { duplex?: string }).duplex, "half");
});

test("sendRequest() reads streams to their end where browsers would not send them", async () => {
  const streamed = { method: "PUT", body: new Blob(["hello"]).stream() };
  const [plain] = await sent(streamed, {}, undefined, BROWSER);
  assertEquals(plain!.init, { signal, method: "PUT", body: new TextEncoder().encode("hello") });

  // Firefox turns a stream in a Request into the same text; and middleware may turn another body into a stream.
  const bodies: unknown[] = [];
  const received: string[] = [];
  const fetch: FetchFunction = (_url, init) => {
    bodies.push(init?.body);
    return Promise.resolve(new Response("ok"));
  };
  const large = "x".repeat(2_000_000);
  for (const body of [new Blob(["hello"]).stream(), large]) {
    const use: Middleware = async (request, next) => {
      const text = await request.text();
      received.push(text);
      const own = { method: "PUT", body: new Blob([text]).stream(), duplex: "half" } as RequestInit;
      return await next(new Request(request.url, own));
    };
    const environment = { fetch, runtime: BROWSER, use: [use], useOnHops: undefined, clock: systemClock };
    await sendRequest(environment, fakeCall({ request: { method: "PUT", body } }), fakeTarget(), { signal });
  }
  assertEquals(received, ["hello", large]);
  assertEquals(bodies, ["hello", large].map((text) => new TextEncoder().encode(text)));
});

test("sendRequest() passes on the other members of the caller's init, but never its signal", async () => {
  const init: RequestInit = { signal: AbortSignal.abort(), credentials: "omit", redirect: "error" };
  const [call] = await sent({ init: init as NonNullable<PreparedRequest["init"]> });
  assertStrictEquals(call!.init.signal, signal);
  assertEquals([call!.init.credentials, call!.init.redirect], ["omit", "manual"]);
  const [shown] = await sent({ init: init as NonNullable<PreparedRequest["init"]> }, {}, undefined, BROWSER);
  // A browser would report only that its network has failed.
  assertEquals(shown!.init.redirect, "manual");
});

test("sendRequest() continues from a response that is already there", async () => {
  const calls: string[] = [];
  const fetch: FetchFunction = (url) => {
    calls.push(url);
    return Promise.resolve(new Response("there"));
  };
  const send = (first: Response) =>
    sendRequest(
      { fetch, runtime: bunRuntime, use: undefined, useOnHops: undefined, clock: systemClock },
      fakeCall({ request: {} }),
      fakeTarget(),
      { signal, first },
    );
  const good = new Response("ok");
  assertStrictEquals(await send(good), good);
  const followed = await send(new Response(null, { status: 307, headers: { location: "/there" } }));
  assertEquals([await followed.text(), followed.redirected, calls.length], ["there", true, 1]);
});

test("sendRequest() follows redirects itself where a header must not reach another origin, and removes it there (S16)", async () => {
  const elsewhere = new Response(null, { status: 302, headers: { location: "https://b.test/y" } });
  const headers = { "x-api-key": "secret", accept: "a/b" };
  const calls = await sent({}, { headers, sensitive: new Set(["x-api-key"]) }, [
    elsewhere,
    new Response("ok"),
  ]);

  assertEquals(calls.map(({ url }) => url), [SECRET_URL, "https://b.test/y"]);
  assertEquals(calls.map(({ init }) => init.redirect), ["manual", "manual"]);
  assertEquals(calls.map(({ init }) => init.headers), [headers, { accept: "a/b" }]);
});

test("sendRequest() does not follow a redirect that its caller wants to see", async () => {
  const elsewhere = new Response(null, { status: 302, headers: { location: "https://b.test/y" } });
  const target = { headers: { "x-api-key": "secret" }, sensitive: new Set(["x-api-key"]) };
  const init = { redirect: "manual" } as NonNullable<PreparedRequest["init"]>;
  const calls = await sent({ init }, target, [elsewhere]);
  assertEquals([calls.length, calls[0]!.init.redirect], [1, "manual"]);
});

test("sendRequest() rejects with the error of `fetch` itself", async () => {
  const reason = new Error("reset");
  const send = () =>
    sendRequest(
      {
        fetch: () => Promise.reject(reason),
        runtime: bunRuntime,
        use: undefined,
        useOnHops: undefined,
        clock: systemClock,
      },
      fakeCall({ request: {} }),
      fakeTarget(),
      { signal },
    );
  assertStrictEquals(await assertRejects(send), reason);
});

/** A response of another implementation. */
function foreignResponse(body: unknown): Response {
  const { headers } = new Response();
  return { [Symbol.toStringTag]: "Response", status: 200, ok: true, headers, body, bodyUsed: false } as never;
}

test("sendRequest() accepts a response of another implementation, unless it could not read the body", async () => {
  for (const body of [null, undefined, new ReadableStream()]) await sent({}, {}, [foreignResponse(body)]);
  const body = { pipe: () => {}, destroy: () => {} };
  await assertRejects(
    () => sent({}, {}, [foreignResponse(body)]),
    TypeError,
    "whose body is a ReadableStream",
  );
});

test("sendRequest() follows no redirect for a call that was stopped, even if its signal could not be aborted", async () => {
  for (const status of [301, 303, 307]) {
    const reason = new Error("closed");
    const call = fakeCall({ request: {} });
    let sent = 0;
    const fetch: FetchFunction = () => {
      // By the second redirect the call has been stopped.
      if (++sent === 2) call.cancel(reason);
      return Promise.resolve(new Response(null, { status, headers: { location: "/next" } }));
    };
    const environment = {
      fetch,
      runtime: bunRuntime,
      use: undefined,
      useOnHops: undefined,
      clock: systemClock,
    };
    const error = await assertRejects(() => sendRequest(environment, call, fakeTarget(), { signal }));
    assertStrictEquals(error, reason);
    assertEquals([sent, signal.aborted], [2, false]);
  }
});

test("sendRequest() records the redirects that it follows, and when, only where the exchange wants that", async () => {
  const clock = new ManualClock();
  const steps = ["/one", "https://b.test/two", undefined];
  const nowMs = clock.wallNow();
  for (const isWanted of [true, false]) {
    let sent = 0;
    const fetch: FetchFunction = async () => {
      await clock.advance(1_000);
      const location = steps[sent++];
      return new Response(null, location === undefined ? {} : { status: 301, headers: { location } });
    };
    const call = fakeCall({ request: {} });
    const exchange: ExchangeFacts | undefined = isWanted
      ? { keepsBody: true, sentAtMs: nowMs, answeredAtMs: 0 }
      : undefined;
    const target = fakeTarget({ url: "https://a.test/x" });
    await sendRequest(
      { clock, fetch, runtime: bunRuntime, use: undefined, useOnHops: undefined },
      call,
      target,
      { signal, exchange },
    );
    const { hops, sentAtMs } = exchange ?? {};
    const noted = hops?.map((hop) => [hop.from.url, hop.to.url, hop.status, hop.sentAtMs, hop.answeredAtMs]);
    assertEquals(
      [noted, sentAtMs],
      isWanted
        ? [[
          ["https://a.test/x", "https://a.test/one", 301, nowMs, nowMs + 1_000],
          ["https://a.test/one", "https://b.test/two", 301, nowMs + 1_000, nowMs + 2_000],
        ], nowMs + 2_000]
        : [undefined, undefined],
    );
  }
});

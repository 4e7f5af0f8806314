import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { RedirectError } from "../../src/http/redirect.ts";
import { sendHopByHop } from "../../src/transport/hop_by_hop.ts";
import type { FetchInput, TransportRequest } from "../../src/transport/sending.ts";
import { test } from "../support/test.ts";

/** Creates hosts that redirect to each other, and a way to send to them. */
function setUp(places: Readonly<Record<string, readonly [status: number, location: string]>>) {
  const sent: TransportRequest[] = [];
  const send = (input: FetchInput, init?: RequestInit): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input);
    return sendHopByHop({ url, input, init }, (hop) => {
      sent.push(hop);
      const [status, location] = places[hop.url.href] ?? [];
      const headers = location === undefined ? {} : { location };
      return Promise.resolve(new Response(null, { status: status ?? 200, headers }));
    });
  };
  return { send, sent };
}

test("sendHopByHop() sends each hop by itself, and no sensitive header to another origin", async () => {
  const { send, sent } = setUp({
    "http://a.test/": [302, "/next"],
    "http://a.test/next": [307, "https://b.test/"],
  });
  const headers = { authorization: "x", "x-a": "1" };
  const response = await send("http://a.test/", { headers, priority: "high" });
  assertEquals([response.status, response.redirected], [200, true]);
  assertEquals(sent.map(({ url }) => url.href), ["http://a.test/", "http://a.test/next", "https://b.test/"]);
  assertEquals(sent.map(({ init }) => init?.headers), [headers, headers, { "x-a": "1" }]);
  for (const { init } of sent) assertEquals([init?.redirect, init?.priority], ["manual", "high"]);
});

test("sendHopByHop() keeps method and body, or turns the request into a GET, as the standard says", async () => {
  for (
    const [status, method, body] of [[307, "POST", "x"], [308, "POST", "x"], [302, "GET", null], [
      303,
      "GET",
      null,
    ]] as const
  ) {
    const { send, sent } = setUp({ "http://a.test/": [status, "/next"] });
    await send("http://a.test/", { method: "POST", body: "x" });
    assertEquals([sent[1]?.init?.method, sent[1]?.init?.body], [method, body]);
  }
});

test("sendHopByHop() sends a Request as it is, and passes on its headers and signal", async () => {
  const { send, sent } = setUp({ "http://a.test/": [303, "/next"] });
  const controller = new AbortController();
  const { signal } = controller;
  const request = new Request("http://a.test/", {
    method: "PUT",
    body: "x",
    headers: { "x-a": "1" },
    signal,
  });
  await send(request);
  assertStrictEquals(sent[0]?.input, request);
  assertEquals(sent[0]?.init, { redirect: "manual" });
  assertEquals([sent[1]?.init?.method, sent[1]?.init?.headers], ["GET", { "x-a": "1" }]);
  assertStrictEquals(sent[1]?.init?.signal, request.signal);
  const again = setUp({ "http://a.test/": [307, "/next"] });
  const error = await assertRejects(
    () => again.send(new Request("http://a.test/", { method: "PUT", body: "x" })),
    RedirectError,
  );
  assert(error.message.includes("stream"));
});

test("sendHopByHop() leaves redirects to a caller that wants to see them, and rejects where it wants none", async () => {
  for (const request of ["http://a.test/", new Request("http://a.test/", { redirect: "manual" })]) {
    const { send, sent } = setUp({ "http://a.test/": [302, "/next"] });
    const init: RequestInit | undefined = typeof request === "string" ? { redirect: "manual" } : undefined;
    assertEquals((await send(request, init)).status, 302);
    assertStrictEquals(sent[0]?.init, init);
  }
  const { send, sent } = setUp({ "http://a.test/": [302, "/next"] });
  await assertRejects(() => send("http://a.test/", { redirect: "error" }), RedirectError);
  assertEquals(sent.length, 1);
});

import { assertEquals, assertRejects } from "@std/assert";
import { followRedirects, type RedirectedRequest } from "../../src/http/redirect.ts";
import { test } from "../support/test.ts";

const SENSITIVE = new Set(["authorization", "x-api-key"]);

function request(rest: Partial<RedirectedRequest> = {}): RedirectedRequest {
  return { url: "https://a.test/start", method: "GET", headers: {}, body: null, ...rest };
}

/** Follows from one location to the next, and gives the requests that were sent. */
async function follow(first: RedirectedRequest, steps: readonly (readonly [number, string])[]) {
  const sent: RedirectedRequest[] = [];
  const response = await followRedirects(first, SENSITIVE, (current) => {
    const step = steps[sent.push(current) - 1];
    const init = step === undefined ? {} : { status: step[0], headers: { location: step[1] } };
    return Promise.resolve(new Response(null, init));
  });
  return { sent, response };
}

test("followRedirects() resolves locations against the URL before, and keeps the fragment", async () => {
  const { sent, response } = await follow(request({ url: "https://a.test/b/c#top" }), [[302, "d"], [
    302,
    "/e?x=1",
  ]]);
  assertEquals(sent.map(({ url }) => url), [
    "https://a.test/b/c#top",
    "https://a.test/b/d#top",
    "https://a.test/e?x=1#top",
  ]);
  assertEquals(response.redirected, true);
});

test("S16: followRedirects() sends sensitive headers to the same origin, and never to another one", async () => {
  const headers = { authorization: "a", "x-api-key": "b", accept: "c" };
  const { sent } = await follow(request({ headers }), [[302, "/same"], [302, "http://a.test/plain"], [
    302,
    "https://a.test/back",
  ]]);
  assertEquals(sent.map(({ headers }) => Object.keys(headers).length), [3, 3, 1, 1]);
});

test("followRedirects() makes a GET of a POST for 301, 302 and 303, without its body and what described it", async () => {
  const post = request({ method: "POST", body: "x", headers: { "content-type": "text/plain", accept: "c" } });
  for (
    const [status, method] of [[301, "GET"], [302, "GET"], [303, "GET"], [307, "POST"], [
      308,
      "POST",
    ]] as const
  ) {
    const { sent } = await follow(post, [[status, "/x"]]);
    assertEquals([sent[1]?.method, sent[1]?.body], [method, method === "GET" ? null : "x"]);
    assertEquals("content-type" in sent[1]!.headers, method === "POST");
  }
  const { sent } = await follow(request({ method: "PUT", body: "x" }), [[302, "/x"]]);
  assertEquals(sent[1]?.method, "PUT");
});

test("followRedirects() gives up after 20", async () => {
  const endless = Array.from({ length: 30 }, (_, index) => [302, `/${index}`] as const);
  await assertRejects(() => follow(request(), endless), TypeError, "more than 20");
  assertEquals((await follow(request(), endless.slice(0, 20))).sent.length, 21);
});

test("followRedirects() refuses what can't be followed, without the secrets of the location", async () => {
  await assertRejects(() => follow(request(), [[302, "ftp://b.test/"]]), TypeError, "http or https");
  const error = await assertRejects(() => follow(request(), [[302, "http://[?token=hunter2"]]), TypeError);
  assertEquals(error.message.includes("hunter2"), false);
  const body = new Blob(["x"]).stream();
  await assertRejects(() => follow(request({ method: "PUT", body }), [[307, "/x"]]), TypeError, "stream");
});

test("followRedirects() takes a redirect status without a location for the answer", async () => {
  const response = await followRedirects(
    request(),
    SENSITIVE,
    () => Promise.resolve(new Response(null, { status: 302 })),
  );
  assertEquals([response.status, response.redirected], [302, false]);
});

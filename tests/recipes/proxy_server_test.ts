import { assertEquals } from "@std/assert";
import { createClient } from "../../mod.ts";
import { serveHandler } from "../support/serve_handler.ts";
import { test } from "../support/test.ts";

/** Headers that apply to one connection only (RFC 9110 §7.6.1). */
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "host",
  "content-length",
];

test("a recipe: a server that passes requests on, with bodies of both sides streaming", async () => {
  let tries = 0;
  await using upstream = serveHandler(async (request) => {
    const { pathname, search } = new URL(request.url);
    if (pathname === "/flaky" && ++tries === 1) {
      return new Response(null, { status: 503, headers: { "retry-after": "0" } });
    }
    if (pathname === "/missing") return new Response("not here", { status: 404 });
    const body = await request.text();
    return new Response(`${request.method} ${pathname}${search} ${body}`, { headers: { "x-upstream": "1" } });
  });

  // Use one client for all requests: it knows which origins are down, and retries repeatable requests.
  await using client = createClient({ timeoutMs: 5_000, totalTimeoutMs: 10_000 });
  await using proxy = serveHandler(async (request) => {
    const { pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    for (const name of HOP_BY_HOP) headers.delete(name);
    const init: RequestInit & { duplex?: "half" } = {
      method: request.method,
      headers,
      signal: request.signal,
    };
    if (request.body !== null) Object.assign(init, { body: request.body, duplex: "half" });
    try {
      return await client.fetch(`${upstream.url}${pathname}${search}`, init);
    } catch {
      return new Response("The origin can't be reached", { status: 502 });
    }
  });

  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(`${proxy.url}${path}`, init);
    return [response.status, response.headers.get("x-upstream"), await response.text()];
  };
  assertEquals(await ask("/a?b=1"), [200, "1", "GET /a?b=1 "]);
  assertEquals(await ask("/a", { method: "POST", body: "text" }), [200, "1", "POST /a text"]);
  assertEquals(await ask("/flaky"), [200, "1", "GET /flaky "]);
  assertEquals(await ask("/missing"), [404, null, "not here"]);
  assertEquals(client.stats().inFlight, 0);
});

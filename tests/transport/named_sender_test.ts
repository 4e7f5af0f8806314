import { assertEquals, assertRejects } from "@std/assert";
import { DohResolver } from "../../src/transport/doh_resolver.ts";
import { NamedSender } from "../../src/transport/named_sender.ts";
import type { SentRequest } from "../support/fake_transport_runtime.ts";
import { coded, fakeRuntime } from "../support/fake_transport_runtime.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";

/** Sends requests to names that only the resolver knows, at these addresses. */
function setUp(
  answer: (request: Omit<SentRequest, "settings">) => Response | Error = () => new Response("x"),
  { when = "always", addresses = ["10.0.0.1"], knows = false }: {
    readonly when?: "always" | "fallback";
    readonly addresses?: readonly string[];
    readonly knows?: boolean;
  } = {},
) {
  const { runtime } = fakeRuntime(() => new Response("x"), { canResolve: () => Promise.resolve(knows) });
  const asked: string[] = [];
  const resolver = new DohResolver({
    servers: ["https://r.test"],
    timeoutMs: 1_000,
    maxNegativeTtlMs: 1_000,
    clock: new ManualClock(),
    fetch: (href) => {
      const question = Uint8Array.fromBase64(new URL(href).searchParams.get("dns")!, {
        alphabet: "base64url",
      });
      const isIpv4 = question.at(-3) === 1;
      if (isIpv4) asked.push(new TextDecoder().decode(question.slice(13, -5)));
      const records = (isIpv4 ? addresses : []).flatMap((
        text,
      ) => [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...text.split(".").map(Number)]);
      const header = [0, 0, 0x81, 0x80, 0, 1, 0, isIpv4 ? addresses.length : 0, 0, 0, 0, 0];
      return Promise.resolve(new Response(Uint8Array.of(...header, ...question.slice(12), ...records)));
    },
  });
  const sent: Omit<SentRequest, "settings">[] = [];
  const sender = new NamedSender({ runtime, resolver, when }, (_origin, input, init = {}, route) => {
    const request = { url: String(input), init, route };
    sent.push(request);
    const result = answer(request);
    return result instanceof Error ? Promise.reject(result) : Promise.resolve(result);
  });
  const send = (url: string, init?: RequestInit) => sender.send(new URL(url), url, init);
  return { sender, send, sent, asked };
}

const headersOf = ({ init }: Omit<SentRequest, "settings">) => ({
  ...init.headers as Record<string, string>,
});

test("NamedSender sends to the address, with the name in the Host header and for the certificate", async () => {
  const { send, sent } = setUp();
  const response = await send("https://a.test:8443/x?y", {
    method: "put",
    body: "z",
    headers: { "X-A": "b" },
  });
  assertEquals([response.url, await response.text()], ["https://a.test:8443/x?y", "x"]);
  const [request] = sent;
  assertEquals(request!.url, "https://10.0.0.1:8443/x?y");
  assertEquals(request!.route, { proxyUrl: false, serverName: "a.test" });
  assertEquals(headersOf(request!), { host: "a.test:8443", "x-a": "b" });
  assertEquals([request!.init.method, request!.init.body, request!.init.redirect], ["PUT", "z", "manual"]);
});

test("NamedSender keeps a caller's own Host header, and needs no certificate for http", async () => {
  const { send, sent } = setUp();
  await send("http://a.test/", { headers: { host: "other.test" } });
  assertEquals([headersOf(sent[0]!), sent[0]!.route], [{ host: "other.test" }, { proxyUrl: false }]);
});

test("NamedSender asks the system first with 'fallback', and not again while the resolver's answer is valid", async () => {
  const { send, sent, asked } = setUp(
    ({ url }) => url.includes("a.test") ? coded("ENOTFOUND") : new Response("x"),
    {
      when: "fallback",
    },
  );
  await send("http://a.test/");
  await send("http://a.test/");
  assertEquals(sent.map(({ url }) => url), ["http://a.test/", "http://10.0.0.1/", "http://10.0.0.1/"]);
  assertEquals(asked.length, 1);
});

test("NamedSender passes on other failures, and does not resolve addresses and localhost", async () => {
  const failing = setUp(() => coded("ECONNRESET"), { when: "fallback" });
  await assertRejects(() => failing.send("http://a.test/"), TypeError, "ECONNRESET");
  const { send, sent } = setUp();
  for (const url of ["http://127.0.0.1/", "http://[::1]/", "http://a.localhost/"]) await send(url);
  assertEquals(sent.map(({ url }) => url), ["http://127.0.0.1/", "http://[::1]/", "http://a.localhost/"]);
  assertEquals([failing.asked, sent.every(({ init }) => !("host" in { ...init.headers as object }))], [
    [],
    true,
  ]);
});

test("NamedSender goes on to the next address when one is unreachable, but not with a stream", async () => {
  const refusing = ({ url }: { readonly url: string }) =>
    url.includes("10.0.0.1") ? coded("ECONNREFUSED") : new Response("x");
  const addresses = ["10.0.0.1", "10.0.0.2"];
  const { send, sent } = setUp(refusing, { addresses });
  await send("http://a.test/", { method: "POST", body: "x" });
  assertEquals(sent.map(({ url }) => url), ["http://10.0.0.1/", "http://10.0.0.2/"]);
  const streaming = setUp(refusing, { addresses });
  const init = { method: "POST", body: new Blob(["x"]).stream() };
  await assertRejects(() => streaming.send("http://a.test/", init), TypeError, "ECONNREFUSED");
});

test("NamedSender resolves before it sends a stream, which it could send only once", async () => {
  for (const knows of [true, false]) {
    const { send, sent } = setUp(undefined, { when: "fallback", knows });
    await send("http://a.test/", { method: "POST", body: new Blob(["x"]).stream() });
    assertEquals(sent.map(({ url }) => url), [knows ? "http://a.test/" : "http://10.0.0.1/"]);
    assertEquals((sent[0]!.init as { readonly duplex?: string }).duplex, "half");
  }
});

test("NamedSender resolves the targets of redirects, and sends no credentials to another origin", async () => {
  const { send, sent, asked } = setUp(({ init }) => {
    const { host } = init.headers as Record<string, string>;
    return host === "a.test" ? Response.redirect("http://b.test/end", 302) : new Response("end");
  });
  const response = await send("http://a.test/", { headers: { authorization: "secret", "x-a": "b" } });
  assertEquals([response.url, response.redirected], ["http://b.test/end", true]);
  assertEquals(headersOf(sent[1]!), { host: "b.test", "x-a": "b" });
  assertEquals(asked.length, 2);
});

test("NamedSender accepts a Request, and prefers the init to it", async () => {
  const { sender, sent } = setUp();
  const url = "http://a.test/";
  const request = new Request(url, {
    method: "POST",
    body: "x",
    headers: { a: "b", "content-type": "text/x" },
  });
  await sender.send(new URL(url), request);
  assertEquals(sent[0]!.init.method, "POST");
  assertEquals(headersOf(sent[0]!), { a: "b", "content-type": "text/x", host: "a.test" });
  assertEquals(await new Response(sent[0]!.init.body as ReadableStream).text(), "x");
  await sender.send(new URL(url), new Request(url, { headers: { a: "b" } }), {
    method: "DELETE",
    headers: { c: "d" },
  });
  assertEquals([sent[1]!.init.method, headersOf(sent[1]!)], ["DELETE", { c: "d", host: "a.test" }]);
  // As in the fetch standard, `null` leaves the body of a Request alone.
  await sender.send(new URL(url), new Request(url, { method: "PUT", body: "y" }), { body: null });
  assertEquals(await new Response(sent[2]!.init.body as ReadableStream).text(), "y");
});

import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { createClient, DataNotFoundError, type Next } from "../../mod.ts";
import { withStandardBody } from "../../src/http/node_body.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { bunNodeResponse, nodeResponse, type NodeResponseInit } from "../support/node_response.ts";
import { test } from "../support/test.ts";

test("withStandardBody() gives the bytes of a stream of Node.js, and the rest of the response", async () => {
  const init = { status: 201, statusText: "Made", headers: { a: "b" }, url: "https://a.test/" };
  const response = withStandardBody(nodeResponse(Readable.from(["1", new Uint8Array([50, 51])]), init))!;
  const { status, statusText, headers, url, ok, type, redirected } = response;
  assertEquals([status, statusText, headers.get("a"), url], [201, "Made", "b", "https://a.test/"]);
  assertEquals([ok, type, redirected, response instanceof Response], [true, "default", false, true]);
  assertEquals([await response.text(), response.bodyUsed], ["123", true]);
});

test("withStandardBody() gives chunks that belong to the reader, and reads none before it is read", async () => {
  const shared = new Uint8Array([45, 49, 50, 45]);
  let reads = 0;
  const stream = new Readable({
    read() {
      this.push(++reads === 1 ? Buffer.from(shared.buffer, 1, 2) : null);
    },
  });
  const { body } = withStandardBody(nodeResponse(stream))!;
  await eventLoopTurn();
  assertEquals(reads, 0);
  const chunk = (await body!.getReader().read()).value!;
  assertEquals([...chunk], [49, 50]);
  structuredClone(chunk, { transfer: [chunk.buffer] });
  assertEquals(shared.length, 4);
});

test("withStandardBody() gives each cookie by itself, also where the headers show them as one text", () => {
  const raw = () => ({ a: ["b"], "set-cookie": ["c=1", "d=2"] });
  const joined = new Headers({ a: "b", "set-cookie": "c=1, d=2" });
  const response = nodeResponse(Readable.from([]));
  for (const [headers, cookies] of [[Object.assign(joined, { raw }), 2], [new Headers(joined), 1]] as const) {
    const standard = withStandardBody(Object.assign(response, { headers }))!.headers;
    assertEquals([standard.get("a"), standard.getSetCookie().length], ["b", cookies]);
  }
});

test("withStandardBody() returns a response with a standard body, or with none, itself", () => {
  const [empty, full] = [new Response(null), new Response("1")];
  assertStrictEquals(withStandardBody(empty), empty);
  assertStrictEquals(withStandardBody(full), full);
});

test("withStandardBody() gives nothing for a response whose body it can't read", () => {
  const body = { pipe: () => {} };
  assertEquals(withStandardBody({ body } as unknown as Response), undefined);
});

test("withStandardBody() gives no body where there can't be one", () => {
  assertEquals(withStandardBody(nodeResponse(Readable.from([]), { status: 204 }))!.body, null);
});

test("withStandardBody() destroys a stream whose body is cancelled, even while it waits for a chunk", async () => {
  const stream = new Readable({ read() {} });
  const reader = withStandardBody(nodeResponse(stream))!.body!.getReader();
  const read = reader.read();
  await reader.cancel();
  assertEquals([(await read).done, stream.destroyed], [true, true]);
});

test("withStandardBody() passes the error of a stream on to the reader, and survives one that comes unawaited", async () => {
  const stream = new Readable({ read() {} });
  const response = withStandardBody(nodeResponse(stream))!;
  stream.destroy(new Error("reset"));
  await new Promise((resolve) => stream.once("close", resolve));
  await assertRejects(() => response.text(), Error, "reset");
});

/** Makes the response of an implementation of `fetch` on Node.js. */
type Respond = (chunks: string[], init: NodeResponseInit) => Response;

const RESPONDING: Readonly<Record<string, Respond>> = {
  "node-fetch": (chunks, init) => nodeResponse(Readable.from(chunks), init),
  "Bun's node-fetch": bunNodeResponse,
};

for (const [name, respond] of Object.entries(RESPONDING)) {
  test(`a client takes responses of ${name}: of any status, as redirects and line by line`, async () => {
    const cancelled: string[] = [];
    const fetch = (input: string | URL | Request): Promise<Response> => {
      const url = String(input);
      const status = { "/found": 200, "/moved": 302 }[new URL(url).pathname] ?? 404;
      const response = respond(["1\n", "2\n"], { url, status, headers: { location: "/found" } });
      (response.body as unknown as Readable).once("close", () => cancelled.push(url));
      return Promise.resolve(response);
    };
    for (const use of [[], [(request: Request, next: Next) => next(request)]]) {
      await using client = createClient({ baseUrls: "https://a.test/", fetch, use, maxRetries: 0 });
      const lines: string[] = [];
      for await (const line of client.lines("found")) lines.push(line);
      assertEquals([lines, await client.text("moved")], [["1", "2"], "1\n2\n"]);
      const error = await assertRejects(() => client.text("missing"), DataNotFoundError);
      assertEquals(error.body, "1\n2\n");
      const response = await client.fetch("https://a.test/found");
      assertEquals(await response.clone().text(), await response.text());
      assertEquals(cancelled.includes("https://a.test/moved"), true);
    }
  });
}

import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import type { Client } from "../../mod.ts";
import { test } from "../support/test.ts";
import { fakeClient } from "./fake_client.ts";

const URL_A = "https://a.test/a?token=1";

/** Every method that reads a body part by part. */
const WAYS: Readonly<
  Record<string, (client: Client, request: never, options?: never) => AsyncIterator<unknown>>
> = {
  lines: (client, request, options) => client.lines(request, options),
  events: (client, request, options) => client.events(request, options),
  pages: (client, request, options) => client.pages(request, options),
};

for (const [name, open] of Object.entries(WAYS)) {
  test(`Client.${name}() refuses bad options at once`, async () => {
    const { client, network } = fakeClient(() => ({ json: [] }));
    for (const bad of [{ timeoutMs: -1 }, { schema: 1 }, { ordered: true }, { maxRetry: 2 }]) {
      const [option] = Object.keys(bad);
      const error = assertThrows(() => open(client, URL_A as never, bad as never)) as Error;
      assertEquals(error.message.includes(`'${option}'`), true, error.message);
    }
    assertThrows(() => open(client, { url: URL_A, signal: "now" } as never));
    assertEquals(network.sent.length, 0);
    await client.close();
  });

  test(`Client.${name}() refuses a bad request at once, and does not see later changes of the objects that it got`, async () => {
    const { client, clock, network } = fakeClient(({ url }) => ({
      body: url.includes("/a") ? "data: 1\n\n" : "",
      headers: { "content-type": "text/event-stream" },
    }));
    const bad = [{ url: URL_A, headers: { "a b": "c" } }, { url: URL_A, body: "x" }, { headers: {} }];
    for (const request of bad) assertThrows(() => open(client, request as never), TypeError);
    const request = { url: new URL(URL_A), headers: { "x-own": "1" }, query: { page: 1 }, as: "text" };
    const options = name === "lines" ? { maxLineBytes: 100 } : {};
    const items = open(client, request as never, options as never);
    request.url.pathname = "/changed";
    request.headers["x-own"] = "changed";
    request.query.page = 2;
    Object.assign(options, { maxLineBytes: 1 });
    assertEquals((await clock.run(items.next())).done, false);
    const [{ url, headers }] = network.sent as [typeof network.sent[number]];
    assertEquals([url, headers.get("x-own")], [`${URL_A}&page=1`, "1"]);
    items.return!().catch(() => {});
    await client.close();
  });

  test(`Client.${name}() sends nothing before the first next(), and nothing after return()`, async () => {
    const { client, network } = fakeClient(() => ({ json: [] }));
    const items = open(client, URL_A as never);
    await items.return!();
    assertEquals(await items.next(), { done: true, value: undefined });
    assertEquals(network.sent.length, 0);
    await client.close();
  });

  test(`Client.${name}() ends with the reason of whichever signal aborts, or of the close`, async () => {
    const { client, network } = fakeClient(() => ({ json: [] }));
    const [own, common] = [new AbortController(), new AbortController()];
    const first = open(client, { url: URL_A, signal: own.signal } as never);
    const second = open(client, URL_A as never, { signal: common.signal } as never);
    const third = open(client, URL_A as never);
    own.abort("own");
    common.abort("common");
    assertStrictEquals(await first.next().catch((error) => error), "own");
    assertStrictEquals(await second.next().catch((error) => error), "common");
    await client.close("closed");
    assertStrictEquals(await third.next().catch((error) => error), "closed");
    assertEquals(network.sent.length, 0);
  });

  test(`Client.${name}() ends with the reason of its own abort, even if the client closes before the abort is noticed`, async () => {
    for (const isCommon of [true, false]) {
      const { client } = fakeClient(() => ({ json: [] }));
      const own = new AbortController();
      const request = isCommon ? URL_A : { url: URL_A, signal: own.signal };
      const items = open(client, request as never, (isCommon ? { signal: own.signal } : {}) as never);
      own.abort("own");
      await client.close("closed");
      assertStrictEquals(await items.next().catch((error) => error), "own");
      assertEquals(await items.next(), { done: true, value: undefined });
    }
  });
}

test("Client.download() rejects for bad options, before it creates a file", async () => {
  const { client, network } = fakeClient(() => ({ body: "x" }));
  const written: unknown[] = [];
  const to = new WritableStream({ write: (chunk) => void written.push(chunk) });
  for (const bad of [{ resume: 1 }, { timeoutMs: -1 }, { schema: {} }, { maxRetry: 1 }]) {
    const [option] = Object.keys(bad);
    const error = await assertRejects(() => client.download(URL_A, to, bad as never)) as Error;
    assertEquals(error.message.includes(`'${option}'`), true, error.message);
  }
  assertEquals([network.sent.length, written.length, to.locked], [0, 0, false]);
  await client.close();
});

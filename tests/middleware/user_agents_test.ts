import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { userAgents } from "../../src/middleware/user_agents.ts";
import { fakeClient } from "../client/fake_client.ts";
import { test } from "../support/test.ts";

const URL_A = "https://a.test/x";

test("userAgents() gives each attempt the next one, including retries, but not redirects", async () => {
  let sent = 0;
  const { client, clock, network } = fakeClient(
    ({ url }) =>
      ++sent === 1
        ? { status: 503 }
        : url === URL_A
        ? { status: 302, headers: { location: "/y" } }
        : { json: 1 },
    { use: [userAgents(["a/1", "b/1", "c/1"])] },
  );
  const value = client.json(URL_A);
  await clock.advance(10_000);
  await value;
  await client.json("https://a.test/z");
  assertEquals(network.sent.map(({ headers }) => headers.get("user-agent")), ["a/1", "b/1", "b/1", "c/1"]);
});

test("userAgents() keeps the caller's own header, and takes no turn for it", async () => {
  const { client, network } = fakeClient(() => ({ json: 1 }), { use: [userAgents(["a/1", "b/1"])] });
  await client.json({ url: URL_A, headers: { "User-Agent": "own/1" } });
  await client.json(URL_A);
  assertEquals(network.sent.map(({ headers }) => headers.get("user-agent")), ["own/1", "a/1"]);
});

test("userAgents() calls a function, which may leave the header to the runtime", async () => {
  const { client, network } = fakeClient(() => ({ json: 1 }), {
    use: [userAgents(async ({ url }) => {
      await Promise.resolve();
      return url.endsWith("/x") ? "x/1" : undefined;
    })],
  });
  await client.json(URL_A);
  await client.json("https://a.test/y");
  assertEquals(network.sent.map(({ headers }) => headers.get("user-agent")), ["x/1", null]);
});

test("userAgents() keeps its list even if the caller changes it", async () => {
  const list = ["a/1"];
  const { client, network } = fakeClient(() => ({ json: 1 }), { use: [userAgents(list)] });
  list[0] = "b/1";
  await client.json(URL_A);
  assertEquals(network.sent[0]!.headers.get("user-agent"), "a/1");
});

test("userAgents() refuses a bad user agent, and gives the caller the errors of its function", async () => {
  for (const wrong of [[], ["a", ""], ["a\nb"], ["é"], [1], "a/1", undefined, {}]) {
    assertThrows(() => userAgents(wrong as string[]), TypeError, "Cannot create user agents as 'source");
  }
  const reason = new Error("none left");
  const throwing = fakeClient(() => ({ json: 1 }), {
    use: [userAgents(() => {
      throw reason;
    })],
  });
  assertStrictEquals(await throwing.client.json(URL_A).catch((error: unknown) => error), reason);
  const wrong = fakeClient(() => ({ json: 1 }), { use: [userAgents(() => "a\r\nx: y")] });
  await assertRejects(() => wrong.client.json(URL_A), TypeError, "'source()' must be");
  assertEquals(throwing.network.sent.length + wrong.network.sent.length, 0);
});

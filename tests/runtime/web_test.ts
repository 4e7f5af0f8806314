import { assertEquals, assertInstanceOf } from "@std/assert";
import { createClient } from "../../mod.ts";
import { webRuntime } from "../../src/runtime/web.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { FakeNetwork } from "../client/fake_network.ts";
import { rejection } from "../support/settled.ts";
import { test } from "../support/test.ts";

test("webRuntime has no environment and no limit of its own, wherever it runs", () => {
  assertEquals([webRuntime.name, webRuntime.maxConcurrentRequests], ["web", Infinity]);
  assertEquals(webRuntime.env("PATH"), undefined);
});

test("webRuntime speaks HTTP/1.1, or does not say", () => {
  assertEquals(webRuntime.negotiatesHttp2, false);
});

/** Runs a function as on a page. */
async function onPage(href: string, work: () => Promise<void>): Promise<void> {
  const before = Object.getOwnPropertyDescriptor(globalThis, "location");
  Object.defineProperty(globalThis, "location", { value: { href }, configurable: true });
  try {
    await work();
  } finally {
    if (before === undefined) Reflect.deleteProperty(globalThis, "location");
    else Object.defineProperty(globalThis, "location", before);
  }
}

function setUp() {
  const clock = new ManualClock();
  return new FakeNetwork(clock, ({ url }) => ({ json: url }));
}

test("relative URLs resolve against the page, in every method", async () => {
  const network = setUp();
  await onPage("https://app.test/shop/index.html?x#y", async () => {
    const client = createClient({ fetch: network.fetch });
    assertEquals(await client.json("/api/1"), "https://app.test/api/1");
    assertEquals(await client.json({ url: "item", method: "PUT", body: "x" }), "https://app.test/shop/item");
    assertEquals(await (await client.fetch("../a")).json(), "https://app.test/a");
    assertEquals(
      await client.all(["?q=1", "//cdn.test/b"]),
      ["https://app.test/shop/index.html?q=1", "https://cdn.test/b"],
    );
    assertEquals(await client.json("https://other.test/x"), "https://other.test/x");
  });
});

test("base URLs may be relative to the page, and complete relative URLs then", async () => {
  const network = setUp();
  await onPage("https://app.test/shop/", async () => {
    const client = createClient({ fetch: network.fetch, baseUrls: ["/api", "v2/"] });
    assertEquals(await client.json("laps/1"), "https://app.test/api/laps/1");
    assertEquals(await client.json("/laps/1"), "https://app.test/api/laps/1");
  });
});

test("a relative URL is refused without a page", async () => {
  const client = createClient({ fetch: setUp().fetch });
  assertInstanceOf(await rejection(client.json("/api/1")), TypeError);
});

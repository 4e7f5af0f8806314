import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import type { BodyCollector } from "../../src/http/body_collector.ts";
import { trackBody } from "../../src/http/tracked_response.ts";
import { test } from "../support/test.ts";

function track(response: Response, maxBytes = Infinity, collector?: BodyCollector) {
  const ends: number[] = [];
  const tracked = trackBody(response, {
    maxBytes,
    onTooLarge: () => new Error("too large"),
    onEnd: (bytes) => ends.push(bytes),
    collector,
  });
  return { ...tracked, ends };
}

test("trackBody() tells once, with the bytes, when the body has been read", async () => {
  const { response, ends } = track(new Response("12345", { status: 201, headers: { a: "b" } }));
  assertEquals(ends, []);
  assertEquals([await response.text(), response.status, response.headers.get("a")], ["12345", 201, "b"]);
  assertEquals(ends, [5]);
});

test("trackBody() tells when the body is read through another response, as a server does", async () => {
  const { response, ends } = track(new Response("12345"));
  assertEquals(await new Response(response.body).text(), "12345");
  assertEquals(ends, [5]);
});

test("trackBody() tells when the body is cancelled or breaks off", async () => {
  const cancelled = track(new Response("12345"));
  await cancelled.response.body!.cancel();
  assertEquals(cancelled.ends, [0]);
  const cut = new ReadableStream({ start: (controller) => controller.error(new Error("cut")) });
  const broken = track(new Response(cut));
  await assertRejects(() => broken.response.text(), Error, "cut");
  assertEquals(broken.ends, [0]);
});

test("trackBody() lets its owner break the body off, with the owner's reason", async () => {
  const { response, ends, fail } = track(new Response(new ReadableStream({})));
  const reading = response.text().catch((error) => error);
  const reason = new Error("enough");
  fail(reason);
  assertStrictEquals(await reading, reason);
  assertEquals(ends, [0]);
});

test("trackBody() breaks a body off that is larger than allowed", async () => {
  const { response, ends } = track(new Response("12345"), 4);
  await assertRejects(() => response.text(), Error, "too large");
  assertEquals(ends.length, 1);
});

test("trackBody() hands a response without a body through, and tells at once", () => {
  const given = new Response(null, { status: 204 });
  const { response, ends } = track(given);
  assertStrictEquals(response, given);
  assertEquals(ends, [0]);
});

test("trackBody() keeps a status that can't be constructed, and the URL", async () => {
  const odd = Object.defineProperties(new Response("x"), {
    status: { value: 999 },
    url: { value: "https://a.test/" },
  });
  const { response } = track(odd);
  assertEquals([response.status, response.ok, response.url], [999, false, "https://a.test/"]);
  assertEquals(await response.text(), "x");
});

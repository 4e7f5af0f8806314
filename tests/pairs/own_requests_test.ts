import { assertEquals, assertInstanceOf } from "@std/assert";
import { HttpError, InvalidDataError, NetworkError } from "../../mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { json, late, refused, type Reply, status, text } from "../policies/fake_origin.ts";
import { testBothWays, URL_A } from "../policies/rig.ts";
import { rejection } from "../support/settled.ts";

const OK = json({ ok: true });
const OWN = { "authorization": "Bearer secret", "x-own": "1" };

/** Returns a redirect that keeps the method and the body. */
function redirect(location: string): Reply {
  return () => new Response(null, { status: 307, headers: { location } });
}

testBothWays("headers × redirect: secrets stay with their origin, and all else goes along", async (rig) => {
  const { client, origin, run } = rig([redirect("https://b.test/next"), redirect("/last"), OK], {
    headers: { "x-common": "1" },
  });
  const request = { url: URL_A, method: "POST", headers: OWN, body: "text" };
  assertEquals(await run(client.json(request)), { ok: true });

  assertEquals(origin.sent.map(({ url, method, body }) => [url, method, body]), [
    [URL_A, "POST", "text"],
    ["https://b.test/next", "POST", "text"],
    ["https://b.test/last", "POST", "text"],
  ]);
  assertEquals(origin.sent.map(({ headers }) => [headers.get("authorization"), headers.get("x-own")]), [
    ["Bearer secret", "1"],
    [null, "1"],
    [null, "1"],
  ]);
  assertEquals(origin.sent.map(({ headers }) => headers.get("x-common")), ["1", "1", "1"]);
});

testBothWays("POST × retry: it is sent once, unless it is said that it may be sent again", async (rig) => {
  for (const [failing, kind] of [[status(503), HttpError], [refused(), NetworkError]] as const) {
    const once = rig([failing, OK]);
    const error = await once.run(rejection(once.client.json({ url: URL_A, json: [1] })));
    assertEquals((error as Error).constructor, kind);
    assertEquals([once.origin.calls, once.client.stats().retried], [1, 0]);

    const again = rig([failing, OK]);
    const request = { url: URL_A, json: [1], headers: { "idempotency-key": "k" } };
    assertEquals(await again.run(again.client.json(request)), { ok: true });
    assertEquals(again.origin.sent.map(({ method, body }) => [method, body]), [["POST", "[1]"], [
      "POST",
      "[1]",
    ]]);
    const keys = again.origin.sent.map(({ headers }) => headers.get("idempotency-key"));
    assertEquals([keys, again.client.stats().inFlight], [["k", "k"], 0]);
  }
});

testBothWays("POST × single-flight: what is asked for after a change is asked for anew", async (rig) => {
  const clock = new ManualClock();
  let version = 1;
  const reply: Reply = (sent) => {
    if (sent.method !== "GET") version++;
    return sent.method === "GET" ? late(clock, 100, json(version))(sent) : OK(sent);
  };
  const { client, origin, run } = rig(reply, {}, { clock });
  const before = client.json(URL_A);
  await clock.advance(0);
  await run(client.json({ url: URL_A, method: "POST", body: "change" }));
  const after = client.json(URL_A);

  assertEquals([await run(before), await run(after), origin.calls], [1, 2, 3]);
});

testBothWays("methods × answers: nothing that comes without a body is a value", async (rig) => {
  const { client, origin, run } = rig([
    () => new Response(null, { status: 204 }),
    () => new Response(null),
    status(409),
  ]);
  assertEquals(await run(client.json({ url: URL_A, method: "DELETE" })), undefined);
  assertEquals(await run(client.text({ url: URL_A, method: "HEAD" })), "");
  const error = await run(rejection(client.json({ url: URL_A, method: "PUT", json: {} })));
  assertInstanceOf(error, HttpError);
  assertEquals([error.status, error.method, error.attempts, origin.calls], [409, "PUT", 1, 3]);
  assertEquals([client.stats().succeeded, client.stats().failed, client.stats().inFlight], [2, 1, 0]);
});

testBothWays(
  "methods × retryOn: what can't be used of an answer is judged by the caller as well",
  async (rig) => {
    for (const method of ["GET", "PUT"]) {
      const asked: unknown[] = [];
      const { client, origin, run } = rig([text("[1"), OK]);
      const retryOn = ({ error }: { readonly error?: unknown }): boolean => asked.push(error) > 0;
      const request = { url: URL_A, method, retryOn, ...method === "PUT" ? { json: 1 } : {} };
      assertEquals(await run(client.json(request)), { ok: true });
      assertEquals([origin.calls, asked.length], [2, 1]);
      assertInstanceOf(asked[0], InvalidDataError);
    }
  },
);

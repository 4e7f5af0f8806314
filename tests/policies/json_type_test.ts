import { assertEquals, assertStrictEquals } from "@std/assert";
import type { MirrorOptions } from "../../mod.ts";
import { NO_HEADERS } from "../../src/http/headers.ts";
import { prepareRequest } from "../../src/http/request.ts";
import { OriginIndex } from "../../src/http/url.ts";
import { withJsonType } from "../../src/policies/json_type.ts";
import { testClientsBothWays } from "../client/fake_client.ts";
import { test } from "../support/test.ts";

const A = "https://a.test";
const B = "https://b.test";
const OWN = { "Content-Type": "application/vnd.api+json" };
const JSON_TYPE = "application/json";

const testBothWays = testClientsBothWays();

test("withJsonType() says that a value was written as JSON, unless the headers have a type", () => {
  const context = { origins: new OriginIndex(), headers: NO_HEADERS, idempotent: undefined };
  const value = prepareRequest({ url: A, json: null }, context);
  const text = prepareRequest({ url: A, method: "POST", body: "null" }, context);
  assertEquals({ ...withJsonType({ a: "1" }, value) }, { a: "1", "content-type": JSON_TYPE });
  const typed = { "content-type": "text/x" };
  assertStrictEquals(withJsonType(typed, value), typed);
  assertStrictEquals(withJsonType(NO_HEADERS, text), NO_HEADERS);
});

testBothWays(
  "withJsonType() × headers: those of the client, a mirror, a batch and a request go first",
  async (make) => {
    const one: MirrorOptions = { url: A, headers: OWN };
    const json = { lap: 1 };
    const cases = [
      [make(() => ({ json: 1 }), { headers: OWN }), { url: A, json }, OWN["Content-Type"]],
      [make(() => ({ json: 1 }), { baseUrls: [one] }), { url: "x", json }, OWN["Content-Type"]],
      [make(() => ({ json: 1 }), { baseUrls: [one, B] }), { url: "x", json }, OWN["Content-Type"]],
      [make(() => ({ json: 1 }), { baseUrls: [one] }), { url: B, json }, JSON_TYPE],
      [make(() => ({ json: 1 }), { baseUrls: [B, one] }), { url: "x", json }, JSON_TYPE],
      [make(() => ({ json: 1 })), { url: A, json, headers: OWN }, OWN["Content-Type"]],
      [make(() => ({ json: 1 })), { url: A, json }, JSON_TYPE],
    ] as const;
    for (const [{ client, network }, request, type] of cases) {
      await client.json(request);
      await client.settle([request]);
      await client.fetch(request.url, {
        method: "POST",
        headers: new Headers("headers" in request ? OWN : {}),
      }, { json });
      assertEquals(network.sent.map(({ headers }) => headers.get("content-type")), [type, type, type]);
    }
    const { client, network } = make(() => ({ json: 1 }));
    await client.settle([A, { url: B, headers: { "content-type": "text/x" } }], { json, headers: OWN });
    assertEquals(network.sent.map(({ headers }) => headers.get("content-type")), [
      OWN["Content-Type"],
      "text/x",
    ]);
  },
);

testBothWays(
  "withJsonType() × clientHeadersTo: a type that stays with the mirrors is none elsewhere",
  async (make) => {
    const { client, network } = make(() => ({ json: 1 }), {
      baseUrls: A,
      headers: OWN,
      clientHeadersTo: "mirrors",
    });
    for (const url of ["x", A, B]) await client.json({ url, json: 1 });
    assertEquals(network.sent.map(({ headers }) => headers.get("content-type")), [
      OWN["Content-Type"],
      OWN["Content-Type"],
      JSON_TYPE,
    ]);
  },
);

testBothWays(
  "withJsonType() × mirrors: each mirror gets its own type, also in the same round",
  async (make) => {
    const { client, clock, network } = make(
      ({ url }) => ({ status: url.startsWith(A) ? 503 : 200, json: 1 }),
      {
        baseUrls: [A, { url: B, headers: OWN }],
      },
    );
    await clock.run(client.json({ url: "x", json: 1, idempotent: true }));
    assertEquals(network.sent.map(({ headers }) => headers.get("content-type")), [
      JSON_TYPE,
      OWN["Content-Type"],
    ]);
  },
);

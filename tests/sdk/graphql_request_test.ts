import { assert, assertEquals, assertRejects } from "@std/assert";
import { ClientError, gql, GraphQLClient } from "graphql-request";
import type { Client, ClientOptions } from "../../mod.ts";
import { test } from "../support/test.ts";
import { again, json, jsonOf, type Routes, silence } from "./api_server.ts";
import { assertIdle, breakerOf, SdkRig, soon } from "./sdk_rig.ts";

const QUERY = gql`query Driver($id: ID!) { driver(id: $id) { code } }`;
const VARIABLES = { id: 1 };
const DRIVER = { driver: { code: "VER" } };
const OK = json({ data: DRIVER }, 200, { "content-type": "application/json" });

function setUp(
  routes: Routes,
  options: ClientOptions = {},
  method: "GET" | "POST" = "POST",
): SdkRig<GraphQLClient> {
  const create = (url: string, { fetch }: Client): GraphQLClient =>
    new GraphQLClient(`${url}/graphql`, { fetch, method, headers: { authorization: "Bearer 1" } });
  return new SdkRig(routes, create, options);
}

test("graphql-request: a query brings data, and has its headers and variables", async () => {
  await using rig = setUp({ "POST /graphql": OK });

  assertEquals(await soon(rig.sdk.request(QUERY, VARIABLES)), DRIVER);
  assertEquals(rig.received[0]?.headers.get("authorization"), "Bearer 1");
  assertEquals((jsonOf(rig.received[0]!) as { variables: unknown }).variables, VARIABLES);
  await assertIdle(rig.client);
});

test("graphql-request: a batch is one request", async () => {
  await using rig = setUp({ "POST /graphql": json([{ data: DRIVER }, { data: DRIVER }]) });
  const results = await soon(rig.sdk.batchRequests([
    { document: QUERY, variables: VARIABLES },
    { document: QUERY, variables: VARIABLES },
  ]));

  assertEquals(results.map(({ data }) => data as unknown), [DRIVER, DRIVER]);
  assertEquals(rig.calls, ["POST /graphql"]);
  await assertIdle(rig.client);
});

test("graphql-request: one call after the other at a concurrency of one", async () => {
  await using rig = setUp({ "POST /graphql": OK }, { concurrency: 1 });
  for (let call = 0; call < 5; call++) {
    assertEquals(await soon(rig.sdk.request(QUERY, VARIABLES)), DRIVER);
  }

  assertEquals(rig.calls.length, 5);
  await assertIdle(rig.client);
});

test("graphql-request: errors in an answer are its own, and are not retried", async () => {
  await using rig = setUp({ "POST /graphql": json({ errors: [{ message: "no such driver" }] }) });
  const error = await assertRejects(() => soon(rig.sdk.request(QUERY, VARIABLES)), ClientError);

  assertEquals([error.response.errors?.[0]?.message, rig.calls.length], ["no such driver", 1]);
  await assertIdle(rig.client);
});

test("graphql-request: a POST is not retried", async () => {
  for (const status of [429, 503]) {
    await using rig = setUp({ "POST /graphql": [again(status), OK] });
    const error = await assertRejects(() => soon(rig.sdk.request(QUERY, VARIABLES)), ClientError);
    assertEquals([error.response.status, rig.calls.length], [status, 1]);

    assertEquals(await soon(rig.sdk.request(QUERY, VARIABLES)), DRIVER);
    await assertIdle(rig.client);
  }
});

test("graphql-request: a POST with a key that makes it idempotent is retried, with its body", async () => {
  await using rig = setUp({ "POST /graphql": [again(503), OK] });
  const headers = { "idempotency-key": "k-1" };
  assertEquals(await soon(rig.sdk.request(QUERY, VARIABLES, headers)), DRIVER);

  assertEquals(rig.received.length, 2);
  assertEquals(jsonOf(rig.received[0]!), jsonOf(rig.received[1]!));
});

test("graphql-request: a query as a GET is retried", async () => {
  for (const status of [429, 503]) {
    await using rig = setUp({ "GET /graphql": [again(status), OK] }, {}, "GET");
    assertEquals(await soon(rig.sdk.request(QUERY, VARIABLES)), DRIVER);

    assertEquals(rig.calls.length, 2);
    assert(rig.calls[0]?.startsWith("GET /graphql?query="), rig.calls[0]);
    await assertIdle(rig.client);
  }
});

test("graphql-request: three calls to what always answers 500 see 500s, and no open breaker", async () => {
  for (const [method, tries] of [["GET", 4], ["POST", 1]] as const) {
    await using rig = setUp(
      {
        [`${method} /graphql`]: json({ errors: [{ message: "broken" }] }, 500),
      },
      {},
      method,
    );
    for (let call = 0; call < 3; call++) {
      const error = await assertRejects(() => soon(rig.sdk.request(QUERY, VARIABLES)), ClientError);
      assertEquals(error.response.status, 500);
    }

    assertEquals([rig.calls.length, breakerOf(rig)], [3 * tries, "closed"]);
    await assertIdle(rig.client);
  }
});

test("graphql-request: the caller's signal aborts with its reason", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  await using rig = setUp({
    "POST /graphql": () => {
      controller.abort(reason);
      return silence();
    },
  });
  const error = await assertRejects(() =>
    soon(rig.sdk.request({ document: QUERY, variables: VARIABLES, signal: controller.signal }))
  );

  assertEquals(error, reason);
  await assertIdle(rig.client);
});

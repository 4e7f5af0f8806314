import { assert, assertEquals, assertRejects } from "@std/assert";
import createApi, { type Client as Api } from "openapi-fetch";
import type { Client, ClientOptions } from "../../mod.ts";
import { test } from "../support/test.ts";
import { again, empty, fileText, formOf, json, jsonOf, type Routes, silence } from "./api_server.ts";
import { PacedStream } from "./paced_stream.ts";
import { assertIdle, breakerOf, SdkRig, soon } from "./sdk_rig.ts";

interface Driver {
  readonly code: string;
}

interface Answer<T> {
  readonly content: { readonly "application/json": T };
}

interface Failure {
  readonly 500: Answer<{ readonly message: string }>;
}

/** The paths of an API in the form that `openapi-typescript` generates, written by hand. */
interface Paths {
  "/drivers/{id}": {
    parameters: { path: { id: number }; query?: { season?: number } };
    get: {
      parameters: { path: { id: number }; query?: { season?: number } };
      responses: { 200: Answer<Driver> } & Failure;
    };
    put: {
      parameters: { path: { id: number } };
      requestBody: Answer<Driver>;
      responses: { 200: Answer<Driver> } & Failure;
    };
    delete: {
      parameters: { path: { id: number } };
      responses: { 204: { content?: never } } & Failure;
    };
  };
  "/drivers": {
    post: {
      parameters: { header?: { "idempotency-key"?: string } };
      requestBody: Answer<Driver>;
      responses: { 201: Answer<Driver> } & Failure;
    };
  };
  "/photos": {
    post: {
      requestBody: { content: { "multipart/form-data": { photo: File } } };
      responses: { 201: Answer<Driver> } & Failure;
    };
  };
}

const MAX: Driver = { code: "VER" };
const FIRST = { params: { path: { id: 1 } } };

function setUp(routes: Routes, options: ClientOptions = {}): SdkRig<Api<Paths>> {
  const create = (baseUrl: string, { fetch }: Client): Api<Paths> => createApi<Paths>({ baseUrl, fetch });
  return new SdkRig(routes, create, options);
}

test("openapi-fetch: a GET brings data, with its parameters and headers", async () => {
  await using rig = setUp({ "GET /drivers/1": json(MAX) });
  const params = { path: { id: 1 }, query: { season: 2025 } };
  const { data, response } = await soon(rig.sdk.GET("/drivers/{id}", { params, headers: { "x-a": "1" } }));

  assertEquals([data, response.url], [MAX, `${rig.url}/drivers/1?season=2025`]);
  assertEquals(rig.received[0]?.headers.get("x-a"), "1");
  await assertIdle(rig.client);
});

test("openapi-fetch: a POST, which it hands on as a Request, has its body and its length", async () => {
  await using rig = setUp({ "POST /drivers": json(MAX, 201) });
  const { data } = await soon(rig.sdk.POST("/drivers", { body: MAX }));

  assertEquals([data, rig.received.map(jsonOf)], [MAX, [MAX]]);
  assertEquals(rig.received[0]?.headers.get("content-type"), "application/json");
  assertEquals(rig.received[0]?.headers.get("content-length"), "14");
  await assertIdle(rig.client);
});

test("openapi-fetch: answers without a body do not hold up the next call", async () => {
  await using rig = setUp({
    "DELETE /drivers/1": [
      empty(204),
      () => new Response("", { headers: { "content-length": "0" } }),
    ],
    "GET /drivers/1": json(MAX),
  }, { concurrency: 1 });
  assertEquals((await soon(rig.sdk.DELETE("/drivers/{id}", FIRST))).response.status, 204);
  const { response } = await soon(rig.sdk.DELETE("/drivers/{id}", FIRST));
  assertEquals([response.status, response.bodyUsed], [200, false]);

  assertEquals((await soon(rig.sdk.GET("/drivers/{id}", FIRST))).data, MAX);
  await assertIdle(rig.client);
  await response.body?.cancel();
});

test("openapi-fetch: a body that nobody reads does not hold up the next call", async () => {
  await using rig = setUp({ "GET /drivers/1": json({ ...MAX, text: "x".repeat(10_000) }) }, {
    concurrency: 1,
  });
  const { data } = await soon(rig.sdk.GET("/drivers/{id}", { ...FIRST, parseAs: "stream" }));
  assert(data !== undefined && data !== null);

  assertEquals((await soon(rig.sdk.GET("/drivers/{id}", FIRST))).data?.code, "VER");
  await data.cancel();
});

test("openapi-fetch: a stream comes piece by piece, and can be left", async () => {
  for (const leave of [false, true]) {
    const source = new PacedStream(["one", "two"]);
    await using rig = setUp({ "GET /drivers/1": source.reply }, { concurrency: 1 });
    const { data } = await soon(rig.sdk.GET("/drivers/{id}", { ...FIRST, parseAs: "stream" }));
    const reader = (data as ReadableStream<Uint8Array>).getReader();
    const read = async (): Promise<string> => new TextDecoder().decode((await soon(reader.read())).value);
    assertEquals(await read(), "one");
    if (leave) {
      await reader.cancel();
      await soon(source.abandoned, "the server to hear of it");
    } else {
      source.goOn();
      assertEquals([await read(), await read()], ["two", ""]);
    }

    await assertIdle(rig.client);
  }
});

test("openapi-fetch: GET, PUT and DELETE are retried, with their bodies", async () => {
  for (const status of [429, 503]) {
    await using rig = setUp({
      "GET /drivers/1": [again(status), json(MAX)],
      "PUT /drivers/1": [again(status), json(MAX)],
      "DELETE /drivers/1": [again(status), empty(204)],
    });
    assertEquals((await soon(rig.sdk.GET("/drivers/{id}", FIRST))).data, MAX);
    assertEquals((await soon(rig.sdk.PUT("/drivers/{id}", { ...FIRST, body: MAX }))).data, MAX);
    assertEquals((await soon(rig.sdk.DELETE("/drivers/{id}", FIRST))).response.status, 204);

    assertEquals(rig.calls.length, 6);
    assertEquals(rig.received.slice(2, 4).map(jsonOf), [MAX, MAX]);
    await assertIdle(rig.client);
  }
});

test("openapi-fetch: a POST is retried only with a key that makes it idempotent", async () => {
  await using rig = setUp({ "POST /drivers": [again(503), again(503), json(MAX, 201)] });
  const { error, response } = await soon(rig.sdk.POST("/drivers", { body: MAX }));
  assertEquals([error?.message, response.status, rig.calls.length], ["later", 503, 1]);
  const params = { header: { "idempotency-key": "k-1" } };
  const { data } = await soon(rig.sdk.POST("/drivers", { body: MAX, params }));

  assertEquals([data, rig.calls.length], [MAX, 3]);
  assertEquals(rig.received.map(jsonOf), [MAX, MAX, MAX]);
  await assertIdle(rig.client);
});

test("openapi-fetch: three calls to what always answers 500 see 500s, and no open breaker", async () => {
  await using rig = setUp({ "GET /drivers/1": json({ message: "broken" }, 500) });
  for (let call = 0; call < 3; call++) {
    const { response, error } = await soon(rig.sdk.GET("/drivers/{id}", FIRST));
    assertEquals([response.status, error?.message], [500, "broken"]);
  }

  assertEquals([rig.calls.length, breakerOf(rig)], [3 * 4, "closed"]);
  await assertIdle(rig.client);
});

test("openapi-fetch: a file is uploaded as a form", async () => {
  await using rig = setUp({ "POST /photos": json(MAX, 201) });
  const { data } = await soon(rig.sdk.POST("/photos", {
    body: { photo: new File(["pixels"], "max.png", { type: "image/png" }) },
    bodySerializer({ photo }) {
      const form = new FormData();
      form.append("photo", photo);
      return form;
    },
  }));

  assertEquals([data, await fileText(await formOf(rig.received[0]!), "photo")], [MAX, "pixels"]);
  await assertIdle(rig.client);
});

test("openapi-fetch: a file of several megabytes arrives whole", async () => {
  await using rig = setUp({ "POST /photos": json(MAX, 201) });
  const text = "0123456789".repeat(300_000);
  await soon(rig.sdk.POST("/photos", {
    body: { photo: new File([text], "max.png") },
    bodySerializer({ photo }) {
      const form = new FormData();
      form.append("photo", photo);
      return form;
    },
  }));

  assertEquals(await fileText(await formOf(rig.received[0]!), "photo") === text, true);
  await assertIdle(rig.client);
});

test("openapi-fetch: the caller's signal, which it hands on with its Request, aborts with its reason", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  await using rig = setUp({
    "GET /drivers/1": () => {
      controller.abort(reason);
      return silence();
    },
  });
  const error = await assertRejects(() =>
    soon(rig.sdk.GET("/drivers/{id}", { ...FIRST, signal: controller.signal }))
  );

  assertEquals(error, reason);
  await assertIdle(rig.client);
});

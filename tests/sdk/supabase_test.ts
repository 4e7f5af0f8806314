import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { createClient as createSupabase, type SupabaseClient } from "@supabase/supabase-js";
import type { Client, ClientOptions } from "../../mod.ts";
import { test } from "../support/test.ts";
import { again, empty, json, jsonOf, type Received, type Routes, silence, textOf } from "./api_server.ts";
import { PacedStream, sse } from "./paced_stream.ts";
import { assertIdle, breakerOf, SdkRig, soon } from "./sdk_rig.ts";

const DRIVERS = [{ id: 1, code: "VER" }, { id: 2, code: "HAM" }];
const UPLOADED = { Id: "id-1", Key: "laps/a.txt" };

function setUp(routes: Routes, options: ClientOptions = {}): SdkRig<SupabaseClient> {
  const create = (url: string, { fetch }: Client): SupabaseClient =>
    createSupabase(url, "key-1", {
      global: { fetch },
      auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    });
  return new SdkRig(routes, create, options);
}

/** Asserts that a form has arrived whole. Its file has no field name, so no runtime's `formData()` can parse the form. */
function assertForm(received: Received): void {
  const boundary = received.headers.get("content-type")?.split("boundary=")[1];
  const text = textOf(received);
  assert(boundary !== undefined && text.includes(`--${boundary}--`), "it is cut");
  assertMatch(text, /filename="a.txt"\r\nContent-Type: [^\r]+\r\n\r\n1:23\r\n/i);
}

test("supabase: a select brings rows, and has its headers", async () => {
  await using rig = setUp({ "GET /rest/v1/drivers": json(DRIVERS) });
  const { data, error, status } = await soon(rig.sdk.from("drivers").select("id,code").eq("id", 1));

  assertEquals([data, error, status], [DRIVERS, null, 200]);
  assertEquals(rig.calls, ["GET /rest/v1/drivers?select=id%2Ccode&id=eq.1"]);
  assertEquals(rig.received[0]?.headers.get("apikey"), "key-1");
  await assertIdle(rig.client);
});

test("supabase: writes have their bodies, and answers without one do not hold up the next call", async () => {
  await using rig = setUp({
    "POST /rest/v1/drivers": empty(201),
    "PATCH /rest/v1/drivers": empty(204),
    "DELETE /rest/v1/drivers": empty(204),
    "HEAD /rest/v1/drivers": empty(200, { "content-range": "0-1/2" }),
    "GET /rest/v1/drivers": json(DRIVERS),
  }, { concurrency: 1 });
  const { sdk } = rig;
  assertEquals((await soon(sdk.from("drivers").insert({ code: "VER" }))).status, 201);
  assertEquals((await soon(sdk.from("drivers").update({ code: "HAM" }).eq("id", 1))).status, 204);
  assertEquals((await soon(sdk.from("drivers").delete().eq("id", 1))).status, 204);
  assertEquals(
    (await soon(
      sdk.from("drivers").select("*", { count: "exact", head: true }),
    )).count,
    2,
  );
  assertEquals((await soon(sdk.from("drivers").select())).data, DRIVERS);

  assertEquals(rig.received.slice(0, 2).map(jsonOf), [{ code: "VER" }, { code: "HAM" }]);
  await assertIdle(rig.client);
});

test("supabase: a select is retried below it", async () => {
  for (const status of [429, 503]) {
    await using rig = setUp({ "GET /rest/v1/drivers": [again(status), json(DRIVERS)] });
    assertEquals((await soon(rig.sdk.from("drivers").select())).data, DRIVERS);

    assertEquals(rig.calls.length, 2);
    await assertIdle(rig.client);
  }
});

test("supabase: three calls to what always answers 500 see 500s, and no open breaker", async () => {
  await using rig = setUp({ "GET /rest/v1/drivers": json({ message: "broken" }, 500) });
  for (let call = 0; call < 3; call++) {
    const { status, error, data } = await soon(rig.sdk.from("drivers").select());
    assertEquals([status, error?.message, data], [500, "broken", null]);
  }

  assertEquals([rig.calls.length, breakerOf(rig)], [3 * 4, "closed"]);
  await assertIdle(rig.client);
});

test("supabase: an abort of a select is an error, and gives everything back", async () => {
  const controller = new AbortController();
  await using rig = setUp({
    "GET /rest/v1/drivers": () => {
      controller.abort();
      return silence();
    },
  });
  const { data, error } = await soon(rig.sdk.from("drivers").select().abortSignal(controller.signal));

  assertEquals(data, null);
  assert(error?.message.includes("AbortError"), error?.message);
  await assertIdle(rig.client);
});

test("supabase: storage uploads files in every form", async () => {
  await using rig = setUp({ "POST /storage/v1/object/laps/a.txt": json(UPLOADED) });
  const form = new FormData();
  form.append("", new File(["1:23"], "a.txt"));
  const file = new File(["1:23"], "a.txt", { type: "text/plain" });
  for (const body of [file, form]) {
    const { data, error } = await soon(rig.sdk.storage.from("laps").upload("a.txt", body));
    assertEquals([error, data?.path], [null, "a.txt"]);
  }
  const bytes = new TextEncoder().encode("1:23");
  const { error } = await soon(
    rig.sdk.storage.from("laps").upload("a.txt", bytes, { contentType: "text/plain" }),
  );
  assertEquals(error, null);

  rig.received.slice(0, 2).forEach(assertForm);
  assertEquals(rig.received[2]?.body, bytes);
  assertEquals(rig.received[2]?.headers.get("content-type"), "text/plain");
  await assertIdle(rig.client);
});

test("supabase: storage uploads a stream", async () => {
  await using rig = setUp({ "POST /storage/v1/object/laps/a.txt": json(UPLOADED) });
  const stream = new Blob(["1:23 ".repeat(100_000)]).stream();
  const { error } = await soon(rig.sdk.storage.from("laps").upload("a.txt", stream, { duplex: "half" }));

  assertEquals([error, rig.received[0]?.body.length], [null, 500_000]);
  await assertIdle(rig.client);
});

test("supabase: storage replaces a file with a PUT that is retried with its body", async () => {
  await using rig = setUp({ "PUT /storage/v1/object/laps/a.txt": [again(503), json(UPLOADED)] });
  const { error } = await soon(rig.sdk.storage.from("laps").update("a.txt", new File(["1:23"], "a.txt")));

  assertEquals([error, rig.received.length], [null, 2]);
  rig.received.forEach(assertForm);
});

test("supabase: storage downloads a file, and its errors do not hold up the next call", async () => {
  await using rig = setUp({
    "GET /storage/v1/object/laps/a.txt": () => new Response("1:23"),
    "GET /storage/v1/object/laps/b.txt": json(
      { statusCode: "404", error: "not_found", message: "gone" },
      404,
    ),
  }, { concurrency: 1 });
  const missing = await soon(rig.sdk.storage.from("laps").download("b.txt"));
  assertEquals([missing.data, missing.error?.message], [null, "gone"]);
  const { data } = await soon(rig.sdk.storage.from("laps").download("a.txt"));

  assertEquals(await data?.text(), "1:23");
  await assertIdle(rig.client);
});

test("supabase: a function answers with JSON", async () => {
  await using rig = setUp({ "POST /functions/v1/laps": json({ best: "1:23" }) });
  const { data, error } = await soon(rig.sdk.functions.invoke("laps", { body: { driver: "VER" } }));

  assertEquals([data, error, rig.received.map(jsonOf)], [{ best: "1:23" }, null, [{ driver: "VER" }]]);
  await assertIdle(rig.client);
});

test("supabase: a function streams events, which can be left in the middle", async () => {
  for (const leave of [false, true]) {
    const source = new PacedStream([sse("one"), sse("two")]);
    await using rig = setUp({
      "POST /functions/v1/laps": source.reply,
      "GET /rest/v1/drivers": json(DRIVERS),
    }, { concurrency: 1 });
    const { data } = await soon(rig.sdk.functions.invoke("laps", { body: {} }));
    assertInstanceOf(data, Response);
    const reader = data.body!.getReader();
    const read = async (): Promise<string> => new TextDecoder().decode((await soon(reader.read())).value);
    assertEquals(await read(), sse("one"));
    if (leave) {
      await reader.cancel();
      await soon(source.abandoned, "the server to hear of it");
    } else {
      source.goOn();
      assertEquals([await read(), await read()], [sse("two"), ""]);
    }

    assertEquals((await soon(rig.sdk.from("drivers").select())).data, DRIVERS);
    await assertIdle(rig.client);
  }
});

test("supabase: a function that fails, and whose body nobody reads, does not hold up the next call", async () => {
  await using rig = setUp({
    "POST /functions/v1/laps": json({ message: "x".repeat(10_000) }, 500),
    "GET /rest/v1/drivers": json(DRIVERS),
  }, { concurrency: 1 });
  const { error } = await soon(rig.sdk.functions.invoke("laps", { body: {} }));
  assertEquals(error?.context.status, 500);

  assertEquals((await soon(rig.sdk.from("drivers").select())).data, DRIVERS);
  assertEquals(rig.calls.length, 2);
});

test("supabase: a user signs in, and is known to the calls that follow", async () => {
  const user = {
    id: "u-1",
    aud: "authenticated",
    email: "max@example.com",
    app_metadata: {},
    user_metadata: {},
  };
  const session = {
    access_token: "jwt-1",
    token_type: "bearer",
    expires_in: 3_600,
    refresh_token: "r-1",
    user,
  };
  await using rig = setUp({
    "POST /auth/v1/token": json(session),
    "GET /rest/v1/drivers": json(DRIVERS),
    "POST /auth/v1/logout": empty(204),
  }, { concurrency: 1 });
  const { auth } = rig.sdk;
  const { error } = await soon(auth.signInWithPassword({ email: "max@example.com", password: "p" }));
  assertEquals(error, null);
  await soon(rig.sdk.from("drivers").select());
  assertEquals((await soon(auth.signOut())).error, null);

  assertEquals(rig.received[1]?.headers.get("authorization"), "Bearer jwt-1");
  await assertIdle(rig.client);
});

import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import * as v from "valibot";
import {
  CircuitOpenError,
  createClient,
  DataNotFoundError,
  HttpError,
  InvalidDataError,
  isCircuitOpenError,
  isDataNotFoundError,
  isHttpError,
  isInvalidDataError,
  isNetworkError,
  isOfflineError,
  isSlipstreamError,
  isTimeoutError,
  NetworkError,
  OfflineError,
  SlipstreamError,
  TimeoutError,
} from "../../mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { createSimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import {
  broken,
  hanging,
  json,
  refused,
  type Reply,
  stalled,
  status,
  text,
} from "../policies/fake_origin.ts";
import { rig, URL_A } from "../policies/rig.ts";
import { test } from "../support/test.ts";
import { planOf } from "../http_cache/plan_of.ts";

const OK = json({ ok: true });

/** Returns the error that a request without retries fails with. */
async function failureOf(reply: Reply, url = URL_A): Promise<unknown> {
  const { client, run } = rig(reply, { maxRetries: 0, timeoutMs: 1_000 });
  return await run(client.json(url).catch((error) => error));
}

// S17: the classes of errors and their fields

test("an HttpError says status, headers, body, method, URL and attempts (S17)", async () => {
  const { client, run } = rig(text('{"why":"busy"}', { status: 503, headers: { "x-request-id": "7" } }));
  const error = await assertRejects(
    () => run(client.json({ url: URL_A, method: "PUT", body: "x" })),
    HttpError,
  );

  assertInstanceOf(error, NetworkError);
  assertInstanceOf(error, SlipstreamError);
  assertEquals(error.name, "HttpError");
  assertEquals([error.status, error.body], [503, '{"why":"busy"}']);
  assertEquals(error.headers.get("x-request-id"), "7");
  assertEquals([error.method, error.url, error.attempts], ["PUT", URL_A, 4]);
  for (const part of ["PUT", URL_A, "503"]) assert(error.message.includes(part), error.message);
});

test("an HttpError keeps only the first characters of its body (S17)", async () => {
  const error = await failureOf(text("ü".repeat(40_000), { status: 400 }));

  assertInstanceOf(error, HttpError);
  assert(error.body.length > 0 && error.body.length <= 10_000, `${error.body.length} characters`);
  assert(!error.body.includes("\uFFFD"), "a character was cut in two");
});

test("a body that breaks off leaves its received part in the HttpError (S9)", async () => {
  const error = await failureOf(broken("the start", { status: 500 }));

  assertInstanceOf(error, HttpError);
  assertEquals([error.status, error.body], [500, "the start"]);
});

test("404 and 410 are a DataNotFoundError, which is no NetworkError (S17)", async () => {
  for (const code of [404, 410] as const) {
    const error = await failureOf(status(code));

    assertInstanceOf(error, DataNotFoundError);
    assert(!(error instanceof NetworkError));
    assertEquals([error.name, error.status, error.url, error.attempts], [
      "DataNotFoundError",
      code,
      URL_A,
      1,
    ]);
  }
});

test("a NetworkError keeps the failure of `fetch` as its cause, and names it (S17)", async () => {
  const cause = new TypeError("no route to host");
  const error = await failureOf(refused(cause));

  assertInstanceOf(error, NetworkError);
  assertEquals(error.name, "NetworkError");
  assert(error.message.includes("no route to host") && error.message.includes(URL_A), error.message);
  assertInstanceOf(error.cause, TypeError);
  assertEquals(error.cause.message, cause.message);
});

test("a TimeoutError says which deadline passed, and how long it was (S17)", async () => {
  const attempt = await failureOf(hanging());
  assertInstanceOf(attempt, TimeoutError);
  assertInstanceOf(attempt, NetworkError);
  assertEquals([attempt.name, attempt.kind, attempt.timeoutMs], ["TimeoutError", "attempt", 1_000]);
  assert(attempt.message.includes(URL_A) && attempt.message.includes("1000"), attempt.message);

  const { client, run } = rig(hanging());
  const total = await assertRejects(() => run(client.json(URL_A, { totalTimeoutMs: 70 })), TimeoutError);
  assertEquals([total.kind, total.timeoutMs, total.url, total.attempts], ["total", 70, URL_A, 1]);
});

test("a CircuitOpenError says how long to wait, and that nothing was sent (S17)", async () => {
  const { client, origin, clock, run } = rig(status(500), {
    maxRetries: 0,
    circuitBreaker: { threshold: 2, cooldownMs: 10_000 },
  });
  for (let index = 0; index < 2; index++) await assertRejects(() => run(client.json(URL_A)), HttpError);
  await clock.advance(4_000);
  const error = await assertRejects(() => run(client.json(URL_A)), CircuitOpenError);

  assertInstanceOf(error, NetworkError);
  assertEquals([error.name, error.retryAfterMs, error.attempts], ["CircuitOpenError", 6_000, 0]);
  assertEquals(origin.calls, 2);
});

test("an OfflineError says what is not in the cache (S17)", async () => {
  const { client, origin, run } = rig(OK, { offline: true, cache: planOf() });
  const error = await assertRejects(() => run(client.json(URL_A)), OfflineError);

  assertInstanceOf(error, NetworkError);
  assertEquals([error.name, error.url, error.attempts, origin.calls], ["OfflineError", URL_A, 0, 0]);
});

test("an InvalidDataError says why, and at which paths a schema found problems (S17)", async () => {
  const html = await failureOf(text("<!doctype html>", { headers: { "content-type": "application/json" } }));
  assertInstanceOf(html, InvalidDataError);
  assert(!(html instanceof NetworkError));
  assertEquals([html.name, html.reason, html.issues], ["InvalidDataError", "not-json", []]);
  assertEquals([html.url, html.method, html.attempts], [URL_A, "GET", 1]);

  const schema = v.object({ laps: v.array(v.object({ time: v.number() })) });
  const { client, run } = rig(json({ laps: [{ time: 1 }, { time: "slow" }] }));
  const invalid = await assertRejects(() => run(client.json(URL_A, { schema })), InvalidDataError);
  assertEquals([invalid.reason, invalid.issues.length, invalid.issues[0]?.path], [
    "schema",
    1,
    "laps.1.time",
  ]);
  assert(invalid.message.includes("laps.1.time"), invalid.message);
});

test("the guards recognize their errors, also those of another copy of this module, and no others (S17)", async () => {
  const guards = {
    SlipstreamError: isSlipstreamError,
    NetworkError: isNetworkError,
    HttpError: isHttpError,
    TimeoutError: isTimeoutError,
    CircuitOpenError: isCircuitOpenError,
    OfflineError: isOfflineError,
    DataNotFoundError: isDataNotFoundError,
    InvalidDataError: isInvalidDataError,
  };
  const cases: [unknown, string[]][] = [
    [await failureOf(status(500)), ["SlipstreamError", "NetworkError", "HttpError"]],
    [await failureOf(hanging()), ["SlipstreamError", "NetworkError", "TimeoutError"]],
    [await failureOf(refused()), ["SlipstreamError", "NetworkError"]],
    [await failureOf(status(404)), ["SlipstreamError", "DataNotFoundError"]],
    [await failureOf(text("<")), ["SlipstreamError", "InvalidDataError"]],
    [new TypeError("fetch failed"), []],
    [Object.assign(new Error("fake"), { name: "HttpError" }), []],
    [undefined, []],
    [null, []],
    ["HttpError", []],
  ];
  for (const [value, names] of cases) {
    const matching = Object.entries(guards).filter(([, guard]) => guard(value)).map(([name]) => name);
    assertEquals(matching, names, String(value));
  }
});

test("errors can be logged as JSON and copied without losing their name (S17)", async () => {
  const error = await failureOf(text("busy", { status: 503 }));

  assertInstanceOf(error, HttpError);
  assert(String(error).startsWith("HttpError: "));
  assert(error.stack?.includes("HttpError"), error.stack);
  JSON.stringify(error);
});

test("an outcome's attempts and those of its error are the same (S17)", async () => {
  const { client, run } = rig([status(503), hanging(), refused(), stalled("", { status: 500 })], {
    timeoutMs: 100,
  });
  const [outcome] = await run(client.settle([URL_A]));

  assert(outcome?.ok === false && outcome.error instanceof HttpError);
  assertEquals([outcome.attempts, outcome.error.attempts, outcome.error.status], [4, 4, 500]);
});

// S17: secrets

const SECRET = "s3cr3t-value";

/** Returns all text of an error that a log may contain. */
function textOf(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 5) return String(error);
  const { message, stack = "", cause } = error;
  const own = JSON.stringify(Object.fromEntries(Object.entries(error).filter(([name]) => name !== "cause")));
  return [message, stack, own, cause === undefined ? "" : textOf(cause, depth + 1)].join("\n");
}

const SECRET_NAMES = [
  "api_key",
  "apikey",
  "api-key",
  "key",
  "token",
  "access_token",
  "refresh_token",
  "id_token",
  "auth",
  "password",
  "secret",
  "client_secret",
  "signature",
  "sig",
  "X-Amz-Signature",
  "X-Amz-Credential",
  "X-Amz-Security-Token",
  "session",
  "Token",
];

test("no error contains the user info or a sensitive query value of its URL (S17)", async () => {
  const replies: Reply[] = [status(500), status(404), refused(), hanging(), text("<"), text("[1")];
  for (const reply of replies) {
    for (const name of SECRET_NAMES) {
      const error = await failureOf(reply, `https://a.test/x?page=2&${name}=${SECRET}&last=1`);

      assert(!textOf(error).includes(SECRET), `${name}: ${textOf(error)}`);
      assert((error as Error).message.includes("page=2"), (error as Error).message);
    }
    const error = await failureOf(reply, `https://user:${SECRET}@a.test/x`);
    assert(!textOf(error).includes(SECRET), textOf(error));
  }
});

test("no error contains a header or a body of the request (S17)", async () => {
  const replies: Reply[] = [status(500), status(404), status(401), refused(), hanging(), text("<")];
  for (const reply of replies) {
    const { client, run } = rig(reply, {
      maxRetries: 0,
      timeoutMs: 100,
      headers: { authorization: `Bearer ${SECRET}`, cookie: `id=${SECRET}`, "x-api-key": SECRET },
    });
    const request = client.json({ url: URL_A, method: "PUT", body: `{"password":"${SECRET}"}` });
    const error = await run(request.catch((error) => error));

    assert(!textOf(error).includes(SECRET), textOf(error));
  }
});

test("a malformed request is refused without showing its secrets (S17)", async () => {
  const { client, run } = rig(OK);
  const requests = [
    `ftp://user:${SECRET}@a.test/`,
    `http://user:${SECRET}@/`,
    `https://user:${SECRET}@a.test:99999/?token=${SECRET}`,
    `relative?token=${SECRET}`,
    { url: URL_A, headers: { authorization: `Bearer ${SECRET}\n` } },
    { url: URL_A, headers: { "x-api-key": `${SECRET}\u{1F3C1}` } },
  ];
  for (const request of requests) {
    const error = await assertRejects(() => run(client.json(request)), TypeError);
    assert(!textOf(error).includes(SECRET), textOf(error));
  }
});

test("no event contains the user info or a sensitive query value of a URL (S17)", async () => {
  const { client, events, run } = rig([status(503), refused(), OK], {
    baseUrls: `https://user:${SECRET}@a.test`,
  });
  await run(client.json(`https://user:${SECRET}@b.test/x?token=${SECRET}`).catch(() => {}));
  await run(client.json(`x?token=${SECRET}`).catch(() => {}));

  const told = events.map((event) => JSON.stringify(event) + ("error" in event ? textOf(event.error) : ""))
    .join();
  assert(events.length > 5);
  assert(!told.includes(SECRET), told);
  assert(!JSON.stringify(client.stats()).includes(SECRET));
});

test("an error of the runtime with the URL in it shows no secret either, over sockets (S17)", async () => {
  const cdn = createSimulatedCdn({ resources: {}, faults: [{ kind: "reset" }] });
  const server = await cdn.listen();
  const refusing = await cdn.listen();
  await refusing.close();
  await using client = createClient({ maxRetries: 0 });
  for (const { url } of [server, refusing]) {
    const error = await client.json(`${url}/x?api_key=${SECRET}&page=2`).catch((error) => error);

    assertInstanceOf(error, NetworkError);
    assert(!textOf(error).includes(SECRET), textOf(error));
  }
  await server.close();
});

// S9: the value of a call

test("a schema gets undefined for a response without a body, and decides (S9)", async () => {
  for (const reply of [status(204), text("")]) {
    const { client, run } = rig(reply);
    const schema = v.optional(v.object({ a: v.number() }), { a: 1 });
    const value = await run(client.json(URL_A, { schema }).catch((error) => error));

    // Either way the client neither crashes nor reports a network error.
    assert(value === undefined || (value as { a?: number }).a === 1, String(value));
  }
});

test("the caller gets the value that the schema returns", async () => {
  const schema = v.pipe(v.object({ n: v.number() }), v.transform(({ n }) => n * 2));
  const { client, run } = rig(json({ n: 21 }));

  assertEquals(await run(client.json(URL_A, { schema })), 42);
  const unchecked: unknown = await run(client.json(URL_A, { schema, validate: false }));
  assertEquals(unchecked, { n: 21 });
});

test("an asynchronous schema is awaited", async () => {
  const schema = v.pipeAsync(
    v.number(),
    v.checkAsync(async (value) => await Promise.resolve(value > 1), "too small"),
  );
  const good = rig(json(2));
  assertEquals(await good.run(good.client.json(URL_A, { schema })), 2);

  const bad = rig(json(1));
  const error = await assertRejects(() => bad.run(bad.client.json(URL_A, { schema })), InvalidDataError);
  assertEquals(error.issues, [{ message: "too small", path: "" }]);
});

test("an error that a schema throws reaches the caller", async () => {
  const failure = new RangeError("the schema is broken");
  const schema = v.pipe(
    v.unknown(),
    v.transform(() => {
      throw failure;
    }),
  );
  const { client, origin, run } = rig(OK);
  const error = await run(client.json(URL_A, { schema }).catch((error) => error));

  assert(error === failure || (error as Error).cause === failure, String(error));
  assertEquals(origin.calls, 1);
});

test("each caller gets bytes of its own, so that changing them affects no other caller", async () => {
  const { client, run } = rig(text("shared"), { cache: planOf() });
  const [first, second] = await run(Promise.all([client.bytes(URL_A), client.bytes(URL_A)]));
  first.fill(0);
  const third = await run(client.bytes(URL_A));
  third.fill(1);

  assertEquals(new TextDecoder().decode(second), "shared");
  assertEquals(await run(client.text(URL_A)), "shared");
});

test("the reason of an abort is passed on as it is, and not wrapped (S6, S17)", async () => {
  const reason = new HttpError("looks like one of ours", { status: 500, headers: new Headers() });
  const controller = new AbortController();
  const { client, clock } = rig(hanging());
  const request = client.json(URL_A, { signal: controller.signal }).catch((error) => error);
  await clock.advance(0);
  controller.abort(reason);

  assertStrictEquals(await request, reason);
});

test("a DataNotFoundError has the headers and the first characters of the body (S17)", async () => {
  for (const code of [404, 410]) {
    const error = await failureOf(
      text('{"why":"no such lap"}', { status: code, headers: { "x-request-id": "7" } }),
    );
    assertInstanceOf(error, DataNotFoundError);
    assertEquals([error.body, error.headers.get("x-request-id")], ['{"why":"no such lap"}', "7"]);
  }
});

test("a body that breaks off leaves its received part in the DataNotFoundError (S9)", async () => {
  const error = await failureOf(broken("the start", { status: 404 }));
  assertInstanceOf(error, DataNotFoundError);
  assertEquals(error.body, "the start");
});

test("a DataNotFoundError waits 100 ms for its body, and no longer, and leaves no timer behind (S9)", async () => {
  const clock = new ManualClock();
  for (
    const [reply, tookMs, body] of [[stalled("", { status: 404 }), 100, ""], [
      status(410),
      0,
      "status 410",
    ]] as const
  ) {
    const { client, run } = rig(reply, {}, { clock });
    const startedAtMs = clock.now();
    const error = await assertRejects(() => run(client.json(URL_A)), DataNotFoundError);
    assertEquals([clock.now() - startedAtMs, error.body], [tookMs, body]);
    await run(client.close());
    assertEquals(clock.pending, 0);
  }
});

test("an outcome as JSON contains everything that the message of its error says (S17)", async () => {
  const replies: Reply[] = [
    status(503, { "retry-after": "90" }),
    status(404),
    hanging(),
    refused(),
    text('{"a":NaN}'),
  ];
  for (const reply of replies) {
    const { client, run } = rig(reply, { maxRetries: 0, timeoutMs: 100 });
    const [outcome] = await run(client.settle([URL_A]));
    assert(outcome !== undefined && !outcome.ok);
    const { error } = JSON.parse(JSON.stringify(outcome)) as { readonly error: Record<string, unknown> };
    const { message, name } = outcome.error;
    assertEquals([error.name, error.message, error.url, error.method, error.attempts], [
      name,
      message,
      URL_A,
      "GET",
      1,
    ]);
    for (const field of ["status", "body", "retryAfterMs", "kind", "timeoutMs", "reason", "position"]) {
      const own = (outcome.error as unknown as Record<string, unknown>)[field];
      if (own !== undefined) assertEquals(error[field], own, field);
    }
  }
});

test("a body of white space alone is undefined as JSON, after one request (S9)", async () => {
  for (const body of [" ", "\n", "\r\n\t "]) {
    for (const listens of [true, false]) {
      const { client, origin, run } = rig(text(body), {}, { listens });
      assertEquals(await run(client.json(URL_A)), undefined);
      assertEquals(await run(client.json({ url: URL_A, method: "DELETE" })), undefined);
      assertEquals(await run(Promise.all([client.json(URL_A), client.json(URL_A)])), [undefined, undefined]);
      assertEquals(await run(client.text(URL_A)), body);
      assertEquals(origin.calls, 4);
    }
  }
});

test("an InvalidDataError says where a text stops being JSON, on either way (S17)", async () => {
  for (const listens of [true, false]) {
    const { client, run } = rig(text('{"time":[81.5,NaN]}'), {}, { listens });
    const error = await assertRejects(() => run(client.json(URL_A)), InvalidDataError);
    assertEquals([error.reason, error.position], ["not-json", 14]);
    assertEquals(error.message, `The response to GET ${URL_A} is not JSON: unexpected 'NaN' at position 14`);
  }
});

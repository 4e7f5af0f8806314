import { assertEquals, assertRejects } from "@std/assert";
import { DataNotFoundError, HttpError, NetworkError } from "../../src/errors.ts";
import { test } from "../support/test.ts";
import { brokenBody, exchangeOf, setUpRun } from "./sink_rig.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test("Exchange.isAsItComes is true if error bodies are wanted, and for ranges that the caller requests", () => {
  const response = () => new Response();
  assertEquals(exchangeOf(response()).isAsItComes, false);
  assertEquals(exchangeOf(response(), { takesErrorBodies: true }).isAsItComes, true);
  for (const name of ["range", "if-range"]) {
    assertEquals(exchangeOf(response(), { request: { headers: { [name]: "x" } } }).isAsItComes, true);
  }
});

test("Exchange.whole() returns the body and everything about it", async () => {
  const { run } = setUpRun();
  const { body, status, attempts, from, headers } = await exchangeOf(
    new Response("123", { status: 203, headers: { a: "b" } }),
    { run },
  ).whole();
  assertEquals([text(body), status, attempts, from, headers.get("a"), run.received], [
    "123",
    203,
    1,
    "network",
    "b",
    3,
  ]);
  assertEquals((await exchangeOf(new Response(null, { status: 204 })).whole()).body.length, 0);
});

test("Exchange.whole() returns headers that describe the body as the runtime has decoded it", async () => {
  const response = () =>
    new Response("123", { headers: { "content-encoding": "gzip", "content-length": "9", a: "b" } });
  for (const takesErrorBodies of [false, true]) {
    const { headers } = await exchangeOf(response(), { takesErrorBodies }).whole();
    assertEquals([...headers.keys()].filter((name) => name !== "content-type"), ["a"]);
  }
  const { headers } = await exchangeOf(response(), { request: { method: "HEAD" } }).whole();
  assertEquals([headers.get("content-encoding"), headers.get("content-length")], ["gzip", "9"]);
});

test("Exchange.open() returns the body as it arrives, and rejects an error status with its text", async () => {
  const answer = await exchangeOf(new Response("123")).open();
  assertEquals([text((await Array.fromAsync(answer.body))[0]!), answer.failure, answer.attempts], [
    "123",
    undefined,
    1,
  ]);
  const error = await assertRejects(
    () => exchangeOf(new Response("no", { status: 404 })).open(),
    DataNotFoundError,
  );
  assertEquals(error.body, "no");
  const taken = await exchangeOf(new Response("no", { status: 400 }), { takesErrorBodies: true }).open();
  assertEquals([(taken.failure as HttpError).status, (await Array.fromAsync(taken.body)).length], [400, 1]);
});

test("Exchange treats a 304 as an answer only after a condition", async () => {
  const answer = () => new Response(null, { status: 304 });
  for (const takesErrorBodies of [false, true]) {
    for (const name of ["if-none-match", "if-modified-since"]) {
      const options = { takesErrorBodies, request: { headers: { [name]: "x", range: "bytes=0-" } } };
      assertEquals((await exchangeOf(answer(), options).open()).failure, undefined, name);
      assertEquals((await exchangeOf(answer(), options).whole()).status, 304, name);
    }
  }
  for (const headers of [{}, { range: "bytes=0-" }, { "if-match": "x" }]) {
    const { failure } = await exchangeOf(answer(), { takesErrorBodies: true, request: { headers } }).open();
    assertEquals((failure as HttpError).status, 304);
    await assertRejects(() => exchangeOf(answer(), { request: { headers } }).open(), HttpError, "304");
    await assertRejects(() => exchangeOf(answer(), { request: { headers } }).whole(), HttpError, "304");
  }
});

test("Exchange gives the number of attempts after the body, and 0 if no byte has arrived", async () => {
  for (const statuses of [[404], [503, 503], [503, 404], [200], [503, 200]]) {
    for (const body of ["why", ""]) {
      const answers = () => statuses.map((status) => new Response(body, { status }));
      const options = { takesErrorBodies: true, maxRetries: statuses.length - 1 };
      const attempts = body === "" ? 0 : statuses.length;
      const suffix = ["", " (1 attempt)", " (2 attempts)"][attempts]!;
      const open = await exchangeOf(answers(), options).open();
      await Array.fromAsync(open.body);
      const whole = await exchangeOf(answers(), options).whole();
      assertEquals([open.attempts, whole.attempts, whole.from], [attempts, attempts, "network"]);
      const status = statuses.at(-1)!;
      const message = status === 200 ? undefined : `GET https://h/a was answered with ${status}${suffix}`;
      assertEquals([open.failure?.message, whole.failure?.message], [message, message]);
    }
  }
});

test("Exchange.download() counts bytes, sends the request as it is, and decodes compressed bodies", async () => {
  const { run } = setUpRun();
  const seen: (string | null)[] = [];
  const exchange = exchangeOf(new Response("123"), {
    run,
    request: { method: "POST", body: "q", headers: { a: "b" } },
    onRequest: (headers) => seen.push(headers.get("a"), headers.get("accept-encoding")),
  });
  let received = "";
  const to = new WritableStream<Uint8Array>({ write: (chunk) => void (received += text(chunk)) });
  const { status, attempts } = await exchange.download(to, { name: "a", resume: false });
  assertEquals([received, status, attempts, run.received, seen], ["123", 200, 1, 3, ["b", null]]);
});

test("Exchange gives up on a body that breaks off each time, in every form", async () => {
  const broken = () => exchangeOf([1, 2].map(() => new Response(brokenBody("1"))), { maxRetries: 1 });
  await assertRejects(() => broken().whole(), NetworkError);
  await assertRejects(() => broken().download(new WritableStream(), { name: "a", resume: false }));
  await assertRejects(async () => await Array.fromAsync((await broken().open()).body), NetworkError);
});

import { assertEquals, assertThrows } from "@std/assert";
import { NdjsonSink, type NdjsonSinkOptions } from "../../src/cli/ndjson_sink.ts";
import type { HttpError } from "../../src/errors.ts";
import { test } from "../support/test.ts";
import { brokenBody, exchangeOf, JOB, jobOf } from "./sink_rig.ts";

function setUp(options: Partial<NdjsonSinkOptions> = {}) {
  const lines: string[] = [];
  const write = (line: string) => Promise.resolve(void lines.push(line));
  return { lines, sink: new NdjsonSink({ write, include: false, ordered: false, ...options }) };
}

test("NdjsonSink writes a line for every outcome, with its index and the URL as given", async () => {
  const { lines, sink } = setUp();
  await sink.take(JOB, exchangeOf(new Response("[1]")));
  await sink.fail({ ...JOB, index: 1, attempts: 2 }, new TypeError("broken"));
  assertEquals(lines, [
    '{"index":0,"url":"https://h/a?token=1","ok":true,"from":"network","attempts":1,"durationMs":12.3,"value":[1]}\n',
    '{"index":1,"url":"https://h/a?token=1","ok":false,"attempts":2,"durationMs":12.3,"error":{"name":"TypeError","message":"broken"}}\n',
  ]);
});

test("NdjsonSink writes nothing of a malformed URL, which may be a secret", async () => {
  const { lines, sink } = setUp();
  for (
    const text of ["https//me:s3cret@h/x", "http://me:s3cret@h:x/", "me:s3cret@h", "http//a/me:s3cret@h"]
  ) {
    const input = { ok: false, text, where: "-:1", error: new TypeError("no URL") } as const;
    await sink.fail({ index: 0, input, attempts: 0, durationMs: 0 }, input.error);
    assertEquals(lines.at(-1)!.includes("s3cret"), false, lines.at(-1));
  }
});

test("NdjsonSink writes status and headers with --include", async () => {
  const { lines, sink } = setUp({ include: true });
  await sink.take(JOB, exchangeOf(new Response("1", { status: 203, headers: { etag: "x" } })));
  const { status, headers } = JSON.parse(lines[0]!);
  assertEquals([status, headers.etag], [203, "x"]);
});

test("NdjsonSink writes every cookie that is set, and joins other headers", async () => {
  const { lines, sink } = setUp({ include: true });
  const cookies = ["a=1; Expires=Wed, 09 Jun 2027 10:18:14 GMT", "b=2"];
  for (const count of [0, 1, 2]) {
    const headers = new Headers([["vary", "a"], ["vary", "b"]]);
    for (const cookie of cookies.slice(0, count)) headers.append("set-cookie", cookie);
    await sink.take(JOB, exchangeOf(new Response("1", { headers })));
  }
  const written = lines.map((line) => JSON.parse(line).headers);
  assertEquals(written.map((headers) => headers["set-cookie"]), [undefined, cookies[0], cookies]);
  assertEquals(written.map(({ vary }) => vary), ["a, b", "a, b", "a, b"]);
});

test("NdjsonSink writes lines in the order of the inputs with --ordered, also past an input without a line", async () => {
  const { lines, sink } = setUp({ ordered: true });
  const done = [
    sink.take(jobOf("https://h/3", 3), exchangeOf(new Response("3"))),
    sink.fail({ ...jobOf("https://h/1", 1), attempts: 1 }, new Error("1")),
    sink.take(jobOf("https://h/0", 0), exchangeOf(new Response("0"))),
  ];
  sink.skip(2);
  await Promise.all(done);
  assertEquals(lines.map((line) => JSON.parse(line).index), [0, 1, 3]);
});

test("NdjsonSink writes a long line piece by piece, and no other line between them", async () => {
  const pieces: string[] = [];
  const inFlight = new Set<string>();
  const write = async (piece: string) => {
    pieces.push(piece);
    if (/[{}]/.test(piece)) return;
    assertEquals(inFlight.size, 0);
    inFlight.add(piece);
    await Promise.resolve();
    inFlight.delete(piece);
  };
  const { sink } = setUp({ write });
  const responses = [4_000_000, 8_000_000, 1, 4_000_000].map((length) =>
    new Response(new Uint8Array(length).fill(255))
  );
  await Promise.all(responses.map((response) => sink.take(JOB, exchangeOf(response))));
  const lines = pieces.join("").trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines.map(({ base64 }) => base64.length).sort((a, b) => a - b), [
    4,
    5_333_336,
    5_333_336,
    10_666_668,
  ]);
  assertEquals(pieces.length > 12, true);
});

test("NdjsonSink lets the next line through when a long line can't be written to its end", async () => {
  const written: string[] = [];
  const write = (piece: string) => {
    written.push(piece);
    return piece.includes("{") ? Promise.resolve() : Promise.reject(new Error("full"));
  };
  const { sink } = setUp({ write });
  const [long, short] = await Promise.allSettled([
    sink.take(JOB, exchangeOf(new Response(new Uint8Array(4_000_000).fill(255)))),
    sink.fail({ ...JOB, index: 1, attempts: 1 }, new Error("no")),
  ]);
  assertEquals([long.status, short.status], ["rejected", "fulfilled"]);
  assertEquals(written.length, 3);
});

test("NdjsonSink.has() recognizes finished work of an earlier run: the same URL at the same place, without a failure", async () => {
  const earlier = setUp();
  const urls = ["https://h/0", 'https://h/1?a="b\\', "https://user:pw@h/2", "https://h/3"];
  for (const [index, url] of urls.entries()) {
    await earlier.sink.take(jobOf(url, index), exchangeOf(new Response("{}")));
  }
  await earlier.sink.fail({ ...jobOf("https://h/4", 4), attempts: 1 }, new Error("no"));
  const { sink } = setUp();
  for (const line of earlier.lines) sink.note(line.trimEnd());
  const known = [
    ...urls.map((url, index) => sink.has(jobOf(url, index))),
    sink.has(jobOf("https://h/4", 4)),
    sink.has(jobOf("https://h/9", 0)),
  ];
  assertEquals(await Promise.all(known), [true, true, true, true, false, false]);
});

test("NdjsonSink.has() compares the other parts of the request, and accepts lines without them", async () => {
  const earlier = setUp();
  const variants = ["", '["POST",1,{}]', '["POST",2,{}]'];
  for (const [index, variant] of variants.entries()) {
    await earlier.sink.take({ ...jobOf("https://h/", index), variant }, exchangeOf(new Response("{}")));
  }
  assertEquals(earlier.lines.map((line) => JSON.parse(line).variant?.length), [undefined, 11, 11]);
  const { sink } = setUp();
  for (const line of earlier.lines) sink.note(line.trimEnd());
  const known = variants.map((_variant, index) =>
    Promise.all(variants.map((variant) => sink.has({ ...jobOf("https://h/", index), variant })))
  );
  assertEquals(await Promise.all(known), [[true, false, false], [false, true, false], [false, false, true]]);
  sink.note(`{"index":7,"url":"https://h/","ok":true,"attempts":1}`);
  assertEquals(await sink.has(jobOf("https://h/", 7)), true);
});

test("NdjsonSink.note() refuses a line of another program", () => {
  const { sink } = setUp();
  for (
    const line of [
      "",
      "{}",
      "[1]",
      '{"url":"x","ok":true}',
      '{"index":0,"url":"x","ok":tr',
      '{"index":0,"url":"x","ok":true',
    ]
  ) {
    assertThrows(() => sink.note(line), TypeError, "no outcome with an index");
  }
});

test("NdjsonSink.take() retries a body that breaks off, and writes the number of attempts", async () => {
  const { lines, sink } = setUp();
  await sink.take(JOB, exchangeOf([new Response(brokenBody("[1")), new Response("[1]")]));
  const { value, attempts } = JSON.parse(lines[0]!);
  assertEquals([lines.length, value, attempts], [1, [1], 2]);
});

test("NdjsonSink.take() writes the body of an error with --fail-with-body, and reports the error", async () => {
  const { lines, sink } = setUp({ include: true });
  const response = new Response('{"why":1}', { status: 422, headers: { a: "b" } });
  const failure = await sink.take(JOB, exchangeOf(response, { takesErrorBodies: true }));
  const { ok, error, value, status, attempts, headers } = JSON.parse(lines[0]!);
  assertEquals([ok, error.status, value, status, attempts, headers.a], [false, 422, { why: 1 }, 422, 1, "b"]);
  assertEquals((failure as HttpError).status, 422);
});

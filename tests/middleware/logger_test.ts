import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { bearerAuth } from "../../src/middleware/bearer_auth.ts";
import { faults } from "../../src/middleware/faults.ts";
import { logger, type LoggerOptions, type LogRecord, type LogSink } from "../../src/middleware/logger.ts";
import { fakeClient } from "../client/fake_client.ts";
import { test } from "../support/test.ts";

const URL_A = "https://a.test/x";

test("logger() logs each attempt, with its time to the headers", async () => {
  const records: LogRecord[] = [];
  let sent = 0;
  const { client, clock } = fakeClient(
    () =>
      ++sent === 1
        ? { status: 503, afterMs: 20 }
        : { json: 1, afterMs: 30, headers: { "content-length": "1" } },
    { use: [logger((record) => records.push(record))] },
  );
  const value = client.json({ url: URL_A, method: "PUT", body: "secret" });
  await clock.advance(10_000);
  await value;
  assertEquals(records, [
    {
      level: "warn",
      method: "PUT",
      url: URL_A,
      attempt: 1,
      durationMs: 20,
      status: 503,
      message: `PUT ${URL_A} in 20 ms: 503`,
    },
    {
      level: "debug",
      method: "PUT",
      url: URL_A,
      attempt: 2,
      durationMs: 30,
      status: 200,
      bytes: 1,
      message: `PUT ${URL_A} in 30 ms, attempt 2: 200, 1 bytes`,
    },
  ]);
});

test("logger() shows no secret of the URL, of headers, or of errors", async () => {
  const records: LogRecord[] = [];
  const url = "https://a.test/x?token=secret&page=2";
  const { client, clock } = fakeClient(
    () => ({ error: new TypeError(`refused: ${url}`, { cause: new Error("https://u:secret@a.test/") }) }),
    { maxRetries: 0, use: [logger((record) => records.push(record))] },
  );
  const failed = client.json({ url, headers: { authorization: "Bearer secret", "x-api-key": "secret" } });
  const rejected = assertRejects(() => failed);
  await clock.advance(1);
  await rejected;
  assertEquals(JSON.stringify(records).includes("secret"), false);
  const [record] = records as [LogRecord];
  assertEquals([record.level, record.error, record.status], ["error", "TypeError", undefined]);
  assertEquals(record.reason, "refused: https://a.test/x?token=***&page=2");
});

test("logger() accepts a console, and omits messages below its level", async () => {
  for (
    const [level, expected] of [["debug", ["debug", "warn", "error"]], ["warn", ["warn", "error"]], [
      "error",
      ["error"],
    ]] as const
  ) {
    const lines: string[] = [];
    const sink = {
      debug: (line: string) => lines.push(`debug ${line}`),
      warn: (line: string) => lines.push(`warn ${line}`),
      error: (line: string) => lines.push(`error ${line}`),
    };
    const { client, clock } = fakeClient(
      ({ url }) =>
        url.endsWith("/404")
          ? { status: 404 }
          : url.endsWith("/bad")
          ? { error: new TypeError("refused") }
          : { json: 1 },
      { maxRetries: 0, use: [logger(sink, { level })] },
    );
    const outcomes = client.settle([URL_A, "https://a.test/404", "https://a.test/bad"]);
    await clock.advance(60_000);
    await outcomes;
    assertEquals(lines.map((line) => line.split(" ")[0]).sort(), [...expected].sort());
  }
});

test("logger() does not log an abort as an error, and gives its reason", async () => {
  const records: LogRecord[] = [];
  const { client, clock } = fakeClient(() => ({ json: 1, afterMs: 1_000 }), {
    use: [logger((record) => records.push(record))],
  });
  const controller = new AbortController();
  const given = client.json(URL_A, { signal: controller.signal }).catch(() => {});
  await clock.advance(10);
  controller.abort(new DOMException("enough", "AbortError"));
  await given;
  await clock.advance(1);
  assertEquals(records.map(({ level, error }) => `${level} ${error}`), ["debug AbortError"]);
});

test("logger() logs an attempt that exceeds timeoutMs or totalTimeoutMs as an error", async () => {
  const records: LogRecord[] = [];
  const { client, clock } = fakeClient(() => ({ json: 1, afterMs: 60_000 }), {
    maxRetries: 0,
    use: [logger((record) => records.push(record), { level: "error" })],
  });
  const outcomes = Promise.all([
    client.outcome(URL_A, { timeoutMs: 1_000 }),
    client.outcome("https://a.test/y", { totalTimeoutMs: 2_000 }),
  ]);
  await clock.advance(2_000);
  await outcomes;
  assertEquals(records.map(({ durationMs, error }) => [durationMs, error]), [[1_000, "TimeoutError"], [
    2_000,
    "TimeoutError",
  ]]);
});

test("logger() survives a sink that throws or rejects", async () => {
  const sinks: LogSink[] = [
    () => {
      throw new Error("full");
    },
    () => Promise.reject(new Error("full")),
    { debug: () => Promise.reject(new Error("full")), warn: () => {}, error: () => {} },
  ];
  for (const sink of sinks) {
    const { client } = fakeClient(() => ({ json: 1 }), { use: [logger(sink)] });
    assertEquals(await client.json(URL_A), 1);
  }
});

test("logger() sees the middleware after it: one attempt before bearerAuth(), each request after it", async () => {
  const outer: number[] = [];
  const inner: number[] = [];
  const { client } = fakeClient(
    ({ headers }) => headers.get("authorization") === "Bearer t2" ? { json: 1 } : { status: 401 },
    {
      use: [
        logger(({ status }) => outer.push(status!)),
        bearerAuth({ token: "t1", refresh: () => "t2" }),
        logger(({ status }) => inner.push(status!)),
      ],
    },
  );
  await client.json(URL_A);
  assertEquals([outer, inner], [[200], [401, 200]]);
});

test("logger() sees faults at any place, and hops if asked", async () => {
  for (const isFirst of [true, false]) {
    const attempts: unknown[] = [];
    const hops: string[] = [];
    const faulty = faults([{ kind: "refuse", match: "/x", times: 1 }]);
    const logs = [
      logger(({ status, error }) => attempts.push(status ?? error)),
      logger(({ url }) => hops.push(url), { around: "hop" }),
    ];
    const { client, clock } = fakeClient(
      ({ url }) => url === URL_A ? { status: 302, headers: { location: "/y" } } : { json: 1 },
      { use: isFirst ? [faulty, ...logs] : [...logs, faulty] },
    );
    const value = client.json(URL_A);
    await clock.advance(10_000);
    await value;
    assertEquals(attempts, ["TypeError", 200]);
    // Faults and middleware around hops run in the order in which they are listed.
    assertEquals(hops, [...(isFirst ? [] : [URL_A]), URL_A, "https://a.test/y"]);
  }
});

test("logger() refuses a bad sink and a bad level", () => {
  for (const sink of [undefined, null, {}, { debug: () => {} }, "console"]) {
    assertThrows(() => logger(sink as LogSink), TypeError, "'sink' must be a function, or an object");
  }
  const wrong: [object, string][] = [
    [{ level: "info" }, "'level' must be one of debug, warn, error"],
    [{ around: "hops" }, "'around' must be 'attempt' or 'hop'"],
    [{ levle: "warn" }, "did you mean 'level'?"],
  ];
  for (const [options, message] of wrong) {
    assertThrows(() => logger(() => {}, options as LoggerOptions), TypeError, message);
  }
});

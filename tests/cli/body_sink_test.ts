import { assertEquals, assertRejects } from "@std/assert";
import { bodySink } from "../../src/cli/body_sink.ts";
import { HttpError, InvalidDataError, SlipstreamError } from "../../src/errors.ts";
import { test } from "../support/test.ts";
import { brokenBody, exchangeOf, JOB, setUpRun } from "./sink_rig.ts";

test("bodySink() writes a body as it arrives", async () => {
  const { terminal, run } = setUpRun();
  await bodySink({ put: (data) => run.put(data), include: false }).take(JOB, exchangeOf(new Response("[1]")));
  assertEquals(terminal.stdout.text, "[1]");
});

test("bodySink() writes the head first with --include", async () => {
  const { terminal, run } = setUpRun();
  const response = new Response("x", {
    status: 201,
    statusText: "Created",
    headers: { "content-type": "a/b", etag: '"1"' },
  });
  await bodySink({ put: (data) => run.put(data), include: true }).take(JOB, exchangeOf(response));
  assertEquals(terminal.stdout.text, 'HTTP 201 Created\r\ncontent-type: a/b\r\netag: "1"\r\n\r\nx');
});

test("bodySink() writes no body of a HEAD, which succeeds or fails by its status", async () => {
  for (const include of [false, true]) {
    const { terminal, run } = setUpRun();
    const sink = bodySink({ put: (data) => run.put(data), include });
    const head = (status: number) =>
      exchangeOf(new Response(null, { status, headers: { "content-length": "9" } }), {
        request: { method: "HEAD" },
      });
    assertEquals(await sink.take(JOB, head(200)), undefined);
    assertEquals(terminal.stdout.text, include ? "HTTP 200\r\ncontent-length: 9\r\n\r\n" : "");
    await assertRejects(() => sink.take(JOB, head(404)), SlipstreamError, "404");
  }
});

test("bodySink() resumes a body that broke off, and fails if it would have to start over", async () => {
  for (const etag of ['"1"', undefined]) {
    const { terminal, run } = setUpRun();
    const headers = { "content-length": "8", ...(etag === undefined ? {} : { etag }) };
    const rest = etag === undefined
      ? new Response("all of it", { headers })
      : new Response("rest", { status: 206, headers: { etag, "content-range": "bytes 4-7/8" } });
    const exchange = exchangeOf([new Response(brokenBody("half"), { headers }), rest]);
    const done = bodySink({ put: (data) => run.put(data), include: false }).take(JOB, exchange);
    if (etag === undefined) await assertRejects(() => done, InvalidDataError);
    else await done;
    assertEquals(terminal.stdout.text, etag === undefined ? "half" : "halfrest");
  }
});

test("bodySink() writes nothing of an error answer, unless its body was requested", async () => {
  for (const include of [false, true]) {
    for (const takesErrorBodies of [false, true]) {
      const { terminal, run } = setUpRun();
      const exchange = exchangeOf(new Response("no", { status: 400, headers: { "content-type": "a/b" } }), {
        takesErrorBodies,
      });
      const done = bodySink({ put: (data) => run.put(data), include }).take(JOB, exchange);
      if (takesErrorBodies) assertEquals((await done as HttpError).status, 400);
      else await assertRejects(() => done, HttpError, "400");
      const { text } = terminal.stdout;
      if (takesErrorBodies && include) assertEquals(text, "HTTP 400\r\ncontent-type: a/b\r\n\r\nno");
      else assertEquals(text, takesErrorBodies ? "no" : "");
    }
  }
});

import { assertEquals, assertRejects } from "@std/assert";
import { bodySink } from "../../src/cli/body_sink.ts";
import { NetworkError } from "../../src/errors.ts";
import { JOB, setUpRun, transferOf } from "./sink_rig.ts";
import { test } from "../support/test.ts";

test("bodySink() writes a body as it comes", async () => {
  const { terminal, run } = setUpRun();
  await bodySink(run, { include: false }).take(JOB, transferOf(new Response("[1]")));
  assertEquals(terminal.stdout.text, "[1]");
});

test("bodySink() writes the head first where that was asked for", async () => {
  const { terminal, run } = setUpRun();
  const response = new Response("x", {
    status: 201,
    statusText: "Created",
    headers: { "content-type": "a/b", etag: '"1"' },
  });
  await bodySink(run, { include: true }).take(JOB, transferOf(response));
  assertEquals(terminal.stdout.text, 'HTTP 201 Created\r\ncontent-type: a/b\r\netag: "1"\r\n\r\nx');
});

test("bodySink() fails when a body begins again of which something was written", async () => {
  const { terminal, run } = setUpRun();
  let pulls = 0;
  const body = new ReadableStream({
    pull: (controller) =>
      pulls++ === 0
        ? controller.enqueue(new TextEncoder().encode("half"))
        : controller.error(new NetworkError("cut")),
  });
  const transfer = transferOf(new Response(body), [new Response("half and half")]);
  await assertRejects(
    () => bodySink(run, { include: false }).take(JOB, transfer),
    Error,
    "could not be continued",
  );
  assertEquals(terminal.stdout.text, "half");
});

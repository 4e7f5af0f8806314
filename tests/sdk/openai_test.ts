import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import OpenAI, {
  APIConnectionTimeoutError,
  APIUserAbortError,
  InternalServerError,
  NotFoundError,
} from "openai";
import { type Client, type ClientOptions, TimeoutError } from "../../mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { watch } from "../support/settled.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { again, empty, fileText, formOf, json, jsonOf, type Routes, silence } from "./api_server.ts";
import { PacedStream, sse } from "./paced_stream.ts";
import { assertIdle, breakerOf, SdkRig, soon } from "./sdk_rig.ts";

const QUESTION = {
  model: "gpt-4o",
  messages: [{ role: "user", content: "Who won?" }],
} satisfies OpenAI.ChatCompletionCreateParams;
const MODELS = { object: "list", data: [{ id: "gpt-4o", object: "model", created: 1, owned_by: "openai" }] };
const COMPLETION = {
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "gpt-4o",
  choices: [{
    index: 0,
    finish_reason: "stop",
    message: { role: "assistant", content: "Max", refusal: null },
  }],
};

function setUp(
  routes: Routes,
  options: ClientOptions = {},
  own: { readonly maxRetries?: number; readonly timeout?: number } = {},
): SdkRig<OpenAI> {
  const create = (url: string, { fetch }: Client): OpenAI =>
    new OpenAI({ apiKey: "sk-1", baseURL: `${url}/v1`, fetch, ...own });
  return new SdkRig(routes, create, options);
}

function delta(content: string, more: { readonly role?: string } = {}, reason: string | null = null): string {
  return sse({
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1,
    model: "gpt-4o",
    choices: [{ index: 0, delta: { content, ...more }, finish_reason: reason }],
  });
}

test("openai: a call brings the answer, and has its headers and its body", async () => {
  await using rig = setUp({
    "POST /v1/chat/completions": json(COMPLETION, 200, { "x-request-id": "req-1" }),
  });
  const answer = await soon(rig.sdk.chat.completions.create(QUESTION));

  assertEquals([answer.choices[0]?.message.content, answer._request_id], ["Max", "req-1"]);
  assertEquals(rig.received[0]?.headers.get("authorization"), "Bearer sk-1");
  assertEquals(rig.received.map(jsonOf), [QUESTION]);
  await assertIdle(rig.client);
});

test("openai: a stream comes piece by piece, to its end", async () => {
  const source = new PacedStream([delta("M"), delta("a"), delta("x"), sse("[DONE]")]);
  await using rig = setUp({ "POST /v1/chat/completions": source.reply }, { concurrency: 1 });
  const stream = await soon(rig.sdk.chat.completions.create({ ...QUESTION, stream: true }));
  const pieces: (string | null | undefined)[] = [];
  const read = async (): Promise<void> => {
    for await (const chunk of stream) {
      pieces.push(chunk.choices[0]?.delta.content);
      // The server sends nothing more before the first piece has arrived.
      source.goOn();
    }
  };
  await soon(read());

  assertEquals(pieces, ["M", "a", "x"]);
  await assertIdle(rig.client);
});

test("openai: a stream that is left in the middle ends at the server, and gives its permit back", async () => {
  const source = new PacedStream([delta("M"), delta("a")]);
  await using rig = setUp({
    "POST /v1/chat/completions": source.reply,
    "GET /v1/models": json(MODELS),
  }, { concurrency: 1 });
  const stream = await soon(rig.sdk.chat.completions.create({ ...QUESTION, stream: true }));
  for await (const chunk of stream) {
    assertEquals(chunk.choices[0]?.delta.content, "M");
    break;
  }

  await soon(source.abandoned, "the server to hear of it");
  assertEquals((await soon(rig.sdk.models.list())).data.length, 1);
  await assertIdle(rig.client);
});

test("openai: a stream that its controller aborts ends quietly", async () => {
  const source = new PacedStream([delta("M"), delta("a")]);
  await using rig = setUp({ "POST /v1/chat/completions": source.reply });
  const stream = await soon(rig.sdk.chat.completions.create({ ...QUESTION, stream: true }));
  const read = async (): Promise<number> => {
    let count = 0;
    for await (const _ of stream) {
      count++;
      stream.controller.abort();
    }
    return count;
  };

  assertEquals(await soon(read()), 1);
  await soon(source.abandoned, "the server to hear of it");
  await assertIdle(rig.client);
});

test("openai: the helper for streams gathers the whole answer, and can be aborted", async () => {
  const whole = new PacedStream([delta("M", { role: "assistant" }), delta("ax", {}, "stop"), sse("[DONE]")]);
  const left = new PacedStream([delta("M", { role: "assistant" }), delta("a")]);
  await using rig = setUp({ "POST /v1/chat/completions": [whole.reply, left.reply] }, { concurrency: 1 });
  whole.goOn();
  const gathered = rig.sdk.chat.completions.stream(QUESTION);
  assertEquals(await soon(gathered.finalContent()), "Max");

  const aborted = rig.sdk.chat.completions.stream(QUESTION);
  aborted.once("content", () => aborted.abort());
  await assertRejects(() => soon(aborted.finalContent()), APIUserAbortError);
  await soon(left.abandoned, "the server to hear of it");
  await assertIdle(rig.client);
});

test("openai: a stream that nobody reads is given up after timeoutMs, and the next call goes on", async () => {
  const source = new PacedStream([delta("M"), delta("a")]);
  const clock = new ManualClock();
  await using rig = setUp({
    "POST /v1/chat/completions": source.reply,
    "GET /v1/models": json(MODELS),
  }, { clock, concurrency: 1, timeoutMs: 300 });
  const stream = await soon(rig.sdk.chat.completions.create({ ...QUESTION, stream: true }));

  const models = rig.sdk.models.list();
  await until(() => rig.client.stats().queued === 1);
  await clock.advance(300);
  assertEquals((await soon(models)).data.length, 1);
  await soon(source.abandoned, "the server to hear of it");
  assertEquals(stream.controller.signal.aborted, false);
  await assertIdle(rig.client);
});

test("openai: a stream whose reader takes its time is not timed out", async () => {
  const source = new PacedStream([delta("M"), delta("a"), delta("x"), sse("[DONE]")]);
  const clock = new ManualClock();
  await using rig = setUp({ "POST /v1/chat/completions": source.reply }, { clock, timeoutMs: 100 });
  const stream = await soon(rig.sdk.chat.completions.create({ ...QUESTION, stream: true }));
  source.goOn();
  let count = 0;
  const read = async (): Promise<void> => {
    for await (const _ of stream) {
      count++;
      await clock.advance(250);
    }
  };
  await soon(read());

  assertEquals(count, 3);
  await assertIdle(rig.client);
});

test("openai: a stream whose server falls silent ends with TimeoutError", async () => {
  const source = new PacedStream([delta("M"), delta("a")]);
  const clock = new ManualClock();
  await using rig = setUp({ "POST /v1/chat/completions": source.reply }, { clock, timeoutMs: 100 });
  const stream = await soon(rig.sdk.chat.completions.create({ ...QUESTION, stream: true }));
  let count = 0;
  const read = async (): Promise<void> => {
    for await (const _ of stream) count++;
  };
  const reading = watch(read());
  await until(() => count === 1);
  await until(async () => {
    await clock.advance(100);
    return reading.state !== "pending";
  });

  assertInstanceOf(reading.error, TimeoutError);
  assertEquals(count, 1);
  await soon(source.abandoned, "the server to hear of it");
  await assertIdle(rig.client);
});

test("openai: answers that nobody reads do not hold up the next call", async () => {
  await using rig = setUp({
    "GET /v1/models": json(MODELS),
    "GET /v1/files/f/content": () => new Response("x".repeat(10_000)),
  }, {
    concurrency: 1,
  });
  assertEquals((await soon(rig.sdk.models.list().asResponse())).status, 200);
  assertEquals((await soon(rig.sdk.files.content("f"))).status, 200);

  assertEquals((await soon(rig.sdk.models.list())).data.length, 1);
});

test("openai: an answer to DELETE without a body is one", async () => {
  await using rig = setUp({
    "DELETE /v1/files/a": empty(204),
    "DELETE /v1/files/b": json({ id: "b", object: "file", deleted: true }),
  }, { concurrency: 1 });
  await soon(rig.sdk.files.delete("a"));
  assertEquals((await soon(rig.sdk.files.delete("b"))).deleted, true);

  assertEquals(rig.calls, ["DELETE /v1/files/a", "DELETE /v1/files/b"]);
  await assertIdle(rig.client);
});

test("openai: a GET is retried below the SDK, which does not notice", async () => {
  for (const status of [429, 503]) {
    await using rig = setUp({ "GET /v1/models": [again(status), json(MODELS)] });
    assertEquals((await soon(rig.sdk.models.list())).data[0]?.id, "gpt-4o");

    assertEquals(rig.received.map(({ headers }) => headers.get("x-stainless-retry-count")), ["0", "0"]);
    await assertIdle(rig.client);
  }
});

test("openai: a POST is retried by the SDK alone", async () => {
  for (const status of [429, 503]) {
    await using rig = setUp({ "POST /v1/chat/completions": [again(status), json(COMPLETION)] });
    assertEquals((await soon(rig.sdk.chat.completions.create(QUESTION))).id, "chatcmpl-1");

    assertEquals(rig.received.map(({ headers }) => headers.get("x-stainless-retry-count")), ["0", "1"]);
    assertEquals(rig.received.map(jsonOf), [QUESTION, QUESTION]);
    await assertIdle(rig.client);
  }
});

test("openai: three calls of a POST that always gets a 500 see 500s, and no open breaker", async () => {
  await using rig = setUp({ "POST /v1/chat/completions": again(500) });
  for (let call = 0; call < 3; call++) {
    const error = await assertRejects(
      () => soon(rig.sdk.chat.completions.create(QUESTION)),
      InternalServerError,
    );
    assertEquals(error.status, 500);
  }

  assertEquals([rig.calls.length, breakerOf(rig)], [3 * 3, "closed"]);
});

test("openai: three calls of a GET that always gets a 500 see 500s, and no open breaker", async () => {
  await using rig = setUp({ "GET /v1/models": again(500) });
  for (let call = 0; call < 3; call++) {
    const error = await assertRejects(() => soon(rig.sdk.models.list()), InternalServerError);
    assertEquals(error.status, 500);
  }

  assertEquals(breakerOf(rig), "closed");
  // The SDK makes three attempts. The client makes up to four attempts for each of them, within its retry budget.
  assert(rig.calls.length > 3 * 3 && rig.calls.length <= 3 * 3 * 4, `${rig.calls.length} requests`);
});

test("openai: a 404 is the SDK's own error, with its text", async () => {
  await using rig = setUp({ "GET /v1/models/none": json({ error: { message: "no such model" } }, 404) });
  const error = await assertRejects(() => soon(rig.sdk.models.retrieve("none")), NotFoundError);

  assert(error.message.includes("no such model"), error.message);
  assertEquals(rig.calls.length, 1);
});

test("openai: its timeout is an abort, and its error is the SDK's", async () => {
  await using rig = setUp({ "GET /v1/models": silence }, {}, { maxRetries: 0, timeout: 50 });
  const error = await soon(rig.sdk.models.list().then(() => undefined, (error) => error));

  assertInstanceOf(error, APIConnectionTimeoutError);
  assertEquals(rig.client.stats().retried, 0);
  await assertIdle(rig.client);
});

test("openai: the caller's signal aborts, and the error is the SDK's", async () => {
  const controller = new AbortController();
  await using rig = setUp({
    "GET /v1/models": () => {
      controller.abort();
      return silence();
    },
  });
  await assertRejects(() => soon(rig.sdk.models.list({ signal: controller.signal })), APIUserAbortError);

  assertEquals(rig.calls.length, 1);
  await assertIdle(rig.client);
});

test("openai: a file is uploaded as a form, also by the retry of the SDK", async () => {
  const uploaded = {
    id: "file-1",
    object: "file",
    bytes: 8,
    created_at: 1,
    filename: "laps.jsonl",
    purpose: "batch",
  };
  await using rig = setUp({ "POST /v1/files": [again(503), json(uploaded)] });
  const file = new File(['{"a":1}\n'], "laps.jsonl", { type: "application/jsonl" });
  assertEquals((await soon(rig.sdk.files.create({ file, purpose: "batch" }))).id, "file-1");

  assertEquals(rig.received.length, 2);
  for (const received of rig.received) {
    const form = await formOf(received);
    assertEquals([form.get("purpose"), await fileText(form, "file")], ["batch", '{"a":1}\n']);
  }
  await assertIdle(rig.client);
});

test("openai: a file of several megabytes arrives whole", async () => {
  const uploaded = {
    id: "file-1",
    object: "file",
    bytes: 3_000_000,
    created_at: 1,
    filename: "a",
    purpose: "batch",
  };
  await using rig = setUp({ "POST /v1/files": json(uploaded) });
  const text = "0123456789".repeat(300_000);
  await soon(rig.sdk.files.create({ file: new File([text], "a.jsonl"), purpose: "batch" }));

  assertEquals(await fileText(await formOf(rig.received[0]!), "file") === text, true);
});

test("openai: speech is bytes that the caller reads", async () => {
  const speech = new Uint8Array(100_000).fill(7);
  await using rig = setUp({ "POST /v1/audio/speech": () => new Response(speech) });
  const response = await soon(rig.sdk.audio.speech.create({ model: "tts-1", voice: "alloy", input: "Box" }));

  assertEquals(new Uint8Array(await soon(response.arrayBuffer())), speech);
  await assertIdle(rig.client);
});

test("openai: pages follow one another at a concurrency of one", async () => {
  const file = (id: string) => ({
    id,
    object: "file",
    bytes: 1,
    created_at: 1,
    filename: id,
    purpose: "batch",
  });
  const page = (ids: readonly string[], more: boolean) =>
    json({ object: "list", data: ids.map(file), has_more: more });
  await using rig = setUp({ "GET /v1/files": [page(["a", "b"], true), page(["c"], false)] }, {
    concurrency: 1,
  });
  const ids: string[] = [];
  const read = async (): Promise<void> => {
    for await (const { id } of rig.sdk.files.list()) ids.push(id);
  };
  await soon(read());

  assertEquals(ids, ["a", "b", "c"]);
  assertEquals(rig.calls, ["GET /v1/files", "GET /v1/files?after=b"]);
  await assertIdle(rig.client);
});

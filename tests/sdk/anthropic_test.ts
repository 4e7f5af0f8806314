import { assertEquals, assertRejects } from "@std/assert";
import Anthropic, { APIUserAbortError, InternalServerError } from "@anthropic-ai/sdk";
import type { Client, ClientOptions } from "../../mod.ts";
import { test } from "../support/test.ts";
import { again, fileText, formOf, json, jsonOf, type Routes } from "./api_server.ts";
import { PacedStream, sse } from "./paced_stream.ts";
import { assertIdle, breakerOf, SdkRig, soon } from "./sdk_rig.ts";

const QUESTION = {
  model: "claude-test-1",
  max_tokens: 100,
  messages: [{ role: "user", content: "Who won?" }],
} satisfies Anthropic.MessageCreateParams;
const MESSAGE = {
  id: "msg-1",
  type: "message",
  role: "assistant",
  model: "claude-test-1",
  content: [{ type: "text", text: "Max" }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 1, output_tokens: 1 },
};
const MODELS = {
  data: [{ id: "claude-test-1", type: "model" }],
  has_more: false,
  first_id: null,
  last_id: null,
};

const START = event("message_start", { message: { ...MESSAGE, content: [], stop_reason: null } }) +
  event("content_block_start", { index: 0, content_block: { type: "text", text: "" } });
const END = event("content_block_stop", { index: 0 }) +
  event("message_delta", {
    delta: { stop_reason: "end_turn", stop_sequence: null },
    usage: { output_tokens: 3 },
  }) +
  event("message_stop", {});

function event(type: string, data: Readonly<Record<string, unknown>>): string {
  return sse({ type, ...data }, type);
}

function delta(text: string): string {
  return event("content_block_delta", { index: 0, delta: { type: "text_delta", text } });
}

function setUp(routes: Routes, options: ClientOptions = {}): SdkRig<Anthropic> {
  const create = (baseURL: string, { fetch }: Client): Anthropic =>
    new Anthropic({ apiKey: "sk-1", baseURL, fetch });
  return new SdkRig(routes, create, options);
}

test("anthropic: a call brings the message, and has its headers and its body", async () => {
  await using rig = setUp({ "POST /v1/messages": json(MESSAGE, 200, { "request-id": "req-1" }) });
  const message = await soon(rig.sdk.messages.create(QUESTION));

  assertEquals([message.content[0]?.type, message._request_id], ["text", "req-1"]);
  assertEquals(rig.received[0]?.headers.get("authorization"), "Bearer sk-1");
  assertEquals(rig.received.map(jsonOf), [QUESTION]);
  await assertIdle(rig.client);
});

test("anthropic: a stream comes piece by piece, to its end", async () => {
  const source = new PacedStream([START + delta("M"), delta("a"), delta("x"), END]);
  await using rig = setUp({ "POST /v1/messages": source.reply }, { concurrency: 1 });
  const stream = rig.sdk.messages.stream(QUESTION);
  const pieces: string[] = [];
  stream.on("text", (text) => {
    pieces.push(text);
    // The server sends nothing more before the first piece has arrived.
    source.goOn();
  });
  const message = await soon(stream.finalMessage());

  assertEquals(pieces, ["M", "a", "x"]);
  assertEquals([message.content, message.usage.output_tokens], [[{ type: "text", text: "Max" }], 3]);
  await assertIdle(rig.client);
});

test("anthropic: a stream that is left in the middle ends at the server, and gives its permit back", async () => {
  const source = new PacedStream([START + delta("M"), delta("a")]);
  await using rig = setUp({ "POST /v1/messages": source.reply, "GET /v1/models": json(MODELS) }, {
    concurrency: 1,
  });
  const stream = await soon(rig.sdk.messages.create({ ...QUESTION, stream: true }));
  for await (const { type } of stream) {
    if (type === "content_block_delta") break;
  }

  await soon(source.abandoned, "the server to hear of it");
  assertEquals((await soon(rig.sdk.models.list())).data.length, 1);
  await assertIdle(rig.client);
});

test("anthropic: a stream that is aborted in the middle is the SDK's own error", async () => {
  const source = new PacedStream([START + delta("M"), delta("a")]);
  await using rig = setUp({ "POST /v1/messages": source.reply });
  const stream = rig.sdk.messages.stream(QUESTION);
  stream.on("text", () => stream.abort());

  await assertRejects(() => soon(stream.finalMessage()), APIUserAbortError);
  await soon(source.abandoned, "the server to hear of it");
  await assertIdle(rig.client);
});

test("anthropic: answers that nobody reads do not hold up the next call", async () => {
  await using rig = setUp({
    "GET /v1/models": json(MODELS),
    "DELETE /v1/messages/batches/b": json({ id: "b", type: "message_batch_deleted" }),
  }, { concurrency: 1 });
  assertEquals((await soon(rig.sdk.models.list().asResponse())).status, 200);
  assertEquals((await soon(rig.sdk.messages.batches.delete("b").asResponse())).status, 200);

  assertEquals((await soon(rig.sdk.messages.batches.delete("b"))).type, "message_batch_deleted");
});

test("anthropic: a GET is retried below the SDK, which does not notice", async () => {
  for (const status of [429, 503, 529]) {
    await using rig = setUp({ "GET /v1/models": [again(status), json(MODELS)] });
    assertEquals((await soon(rig.sdk.models.list())).data.length, 1);

    assertEquals(rig.received.map(({ headers }) => headers.get("x-stainless-retry-count")), ["0", "0"]);
    await assertIdle(rig.client);
  }
});

test("anthropic: a POST is retried by the SDK alone", async () => {
  for (const status of [429, 503, 529]) {
    await using rig = setUp({ "POST /v1/messages": [again(status), json(MESSAGE)] });
    assertEquals((await soon(rig.sdk.messages.create(QUESTION))).id, "msg-1");

    assertEquals(rig.received.map(({ headers }) => headers.get("x-stainless-retry-count")), ["0", "1"]);
    assertEquals(rig.received.map(jsonOf), [QUESTION, QUESTION]);
    await assertIdle(rig.client);
  }
});

test("anthropic: three calls to what always answers 500 see 500s, and no open breaker", async () => {
  await using rig = setUp({ "POST /v1/messages": again(500) });
  for (let call = 0; call < 3; call++) {
    const error = await assertRejects(() => soon(rig.sdk.messages.create(QUESTION)), InternalServerError);
    assertEquals(error.status, 500);
  }

  assertEquals([rig.calls.length, breakerOf(rig)], [3 * 3, "closed"]);
});

test("anthropic: the results of a batch are lines that come one by one", async () => {
  const result = (id: string) => `${JSON.stringify({ custom_id: id, result: { type: "canceled" } })}\n`;
  const source = new PacedStream([result("a"), result("b"), result("c")]);
  const urls = { base: "" };
  await using rig = setUp({
    "GET /v1/messages/batches/b": () =>
      Response.json({ id: "b", type: "message_batch", results_url: `${urls.base}/results` }),
    "GET /results": source.reply,
  }, { concurrency: 1 });
  urls.base = rig.url;
  const ids: string[] = [];
  const read = async (): Promise<void> => {
    for await (const { custom_id } of await rig.sdk.messages.batches.results("b")) {
      ids.push(custom_id);
      source.goOn();
    }
  };
  await soon(read());

  assertEquals(ids, ["a", "b", "c"]);
  await assertIdle(rig.client);
});

/** Wraps `fetch`: the SDK probes `data:,` before an upload and never reads the answer, which Deno's sanitizer calls a leak. */
function readsProbes(
  fetch: Client["fetch"],
): (input: string | URL | Request, init?: RequestInit) => Promise<Response> {
  return async (input, init) => {
    const response = await fetch(input, init);
    if (input === "data:,") await response.text();
    return response;
  };
}

test("anthropic: a file is uploaded as a form, also by the retry of the SDK", async () => {
  const uploaded = {
    id: "file-1",
    type: "file",
    filename: "laps.txt",
    mime_type: "text/plain",
    size_bytes: 4,
  };
  const create = (baseURL: string, { fetch }: Client): Anthropic =>
    new Anthropic({ apiKey: "sk-1", baseURL, fetch: readsProbes(fetch) });
  await using rig = new SdkRig({ "POST /v1/files": [again(503), json(uploaded)] }, create);
  const file = new File(["1:23"], "laps.txt", { type: "text/plain" });
  assertEquals((await soon(rig.sdk.beta.files.upload({ file }))).id, "file-1");

  assertEquals(rig.received.length, 2);
  for (const received of rig.received) {
    assertEquals(await fileText(await formOf(received), "file"), "1:23");
  }
  await assertIdle(rig.client);
});

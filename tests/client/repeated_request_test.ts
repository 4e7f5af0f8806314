import { assertEquals } from "@std/assert";
import type { ClientEvent, ClientOptions, TimeoutError } from "../../mod.ts";
import { CallContexts } from "../../src/client/call_contexts.ts";
import { Dispatcher } from "../../src/client/dispatcher.ts";
import { EventHub } from "../../src/client/event_hub.ts";
import { RepeatedRequest } from "../../src/client/repeated_request.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { rejection } from "../support/settled.ts";
import { test } from "../support/test.ts";
import { fakeClient } from "./fake_client.ts";
import { FakeNetwork, type SentRequest } from "./fake_network.ts";

interface SetUp {
  readonly options?: ClientOptions;
  readonly request?: { readonly url: string; readonly body?: string; readonly method?: string };
  readonly countsAlone?: boolean;
}

/** Prepares a request whose body is the URL that it was sent to; hosts that begin with "bad" answer 503. */
function setUp({ options = {}, request: input = { url: "a" }, countsAlone = false }: SetUp = {}) {
  const clock = new ManualClock();
  const network = new FakeNetwork(
    clock,
    ({ url }: SentRequest) => url.includes("//bad") ? { status: 503 } : { body: url },
  );
  const hub = new EventHub(clock);
  const events: ClientEvent[] = [];
  hub.on((event) => void events.push(event));
  const all = { baseUrls: "https://a.test", fetch: network.fetch, ...options };
  const dispatcher = new Dispatcher(all, clock, hub);
  const contexts = new CallContexts(all, dispatcher);
  const context = contexts.contextOf({ ...contexts.plainFetch, rejectsStatus: true });
  const prepared = contexts.prepare(input, context);
  const sending = { ...context.settings, maxRetries: 0 };
  const request = new RepeatedRequest({ dispatcher, contexts, context, prepared, sending, countsAlone });
  /** Sends the request, and returns the URL that has answered. */
  const open = async (headers?: Record<string, string>): Promise<string> =>
    await clock.run((async () => await (await request.open({ headers })).text())());
  return { clock, network, dispatcher, events, request, open };
}

test("RepeatedRequest.open() sends the request again and again, each time with headers of its own", async () => {
  const { open, network, request } = setUp();
  assertEquals([network.sent.length, request.attempts, request.describe().attempts], [0, 0, 0]);
  await open();
  await open({ range: "bytes=5-" });

  assertEquals(network.sent.map(({ headers }) => headers.get("range")), [null, "bytes=5-"]);
  assertEquals([request.attempts, request.describe().url], [2, "https://a.test/a"]);
});

test("RepeatedRequest counts the attempts of a subscription's connections apart", async () => {
  const { open, request } = setUp({ countsAlone: true });
  for (let nth = 0; nth < 2; nth++) await open();
  assertEquals(request.attempts, 1);
});

test("RepeatedRequest.leaveMirror() makes the next sending go to another mirror, and says when all were left", async () => {
  const baseUrls = ["https://a.test", "https://b.test"];
  const { open, request, events } = setUp({ options: { baseUrls } });
  const error = new Error("broken off");
  assertEquals(request.leaveMirror(error), false);
  const told: unknown[] = [];
  for (let nth = 0; nth < 3; nth++) told.push(await open(), request.leaveMirror(error));

  assertEquals(told, ["https://a.test/a", true, "https://b.test/a", false, "https://a.test/a", true]);
  assertEquals(request.failure, error);
  const moves = events.flatMap((event) =>
    event.type === "mirror" ? [[event.from, event.to, event.reason]] : []
  );
  assertEquals(moves, [
    ["https://a.test", "https://b.test", "Error"],
    ["https://a.test", "https://b.test", "Error"],
  ]);
});

test("RepeatedRequest.noteRetry() counts and reports the retry, with the reason", async () => {
  const { open, request, events, dispatcher } = setUp({ options: { baseUrls: "https://bad.test" } });
  const error = await rejection(open());
  request.noteRetry(error, 250);

  const retries = events.flatMap((event) =>
    event.type === "retry" ? [[event.reason, event.retry, event.delayMs]] : []
  );
  assertEquals([retries, dispatcher.stats().retried, request.failure], [[["503", 1, 250]], 1, error]);
});

test("RepeatedRequest.identity is one for the same request to the same mirrors, if it has no body", () => {
  const identityOf = (url: string, baseUrls: string[]) =>
    setUp({ options: { baseUrls }, request: { url } }).request.identity;
  const [a, b] = ["https://a.test", "https://b.test"];
  assertEquals(identityOf("x", [a]), identityOf("x", [a]));
  assertEquals(new Set([identityOf("x", [a]), identityOf("x", [a, b]), identityOf("y", [a])]).size, 3);
  assertEquals(identityOf("https://c.test/x", [a]), identityOf("https://c.test/x", [b]));
  const { request } = setUp({ request: { url: "x", method: "POST", body: "1" } });
  assertEquals([request.identity, request.isRepeatable], [undefined, false]);
});

test("Client.download() counts the attempt in flight, and those before it, when its total time is over", async () => {
  for (const failures of [0, 1]) {
    let asked = 0;
    const { client, clock } = fakeClient(() => asked++ < failures ? { status: 503 } : { afterMs: 20_000 }, {
      backoff: { jitter: "none" },
    });
    const downloaded = client.download("https://a.test/a", new WritableStream(), { totalTimeoutMs: 5_000 });
    const error = await clock.run(rejection(downloaded)) as TimeoutError;
    assertEquals([error.name, error.kind, error.attempts], ["TimeoutError", "total", failures + 1]);
    await client.close();
  }
});

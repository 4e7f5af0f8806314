import { assert, assertEquals } from "@std/assert";
import { memoryCache } from "../../src/cache/memory.ts";
import { ttlCache } from "../../src/http_cache/ttl_cache.ts";
import { type ClientOptions, createClient, type Progress, type WarningEvent } from "../../mod.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { test } from "../support/test.ts";

const URL = "https://a.test/x?token=secret";

/** A `fetch` whose bodies come in these parts. */
function inParts(
  parts: readonly string[],
  headers: Record<string, string> = {},
  status = 200,
): ClientOptions["fetch"] {
  return () => {
    const encoder = new TextEncoder();
    const left = parts.map((part) => encoder.encode(part));
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const part = left.shift();
        if (part === undefined) controller.close();
        else controller.enqueue(part);
      },
    });
    return Promise.resolve(new Response(body, { headers, status }));
  };
}

test("progressOf() reports each chunk, and the length if it is known", async () => {
  const cases: readonly (readonly [Record<string, string>, number | undefined])[] = [
    [{ "content-length": "5" }, 5],
    [{}, undefined],
    [{ "content-length": "3", "content-encoding": "gzip" }, undefined],
  ];
  for (const [headers, totalBytes] of cases) {
    const seen: Progress[] = [];
    await using client = createClient({ fetch: inParts(["[1,", "2]"], headers) });
    assertEquals(await client.json(URL, { onProgress: (progress) => seen.push(progress) }), [1, 2]);
    assertEquals(seen.map(({ bytes }) => bytes), [3, 5]);
    for (const progress of seen) assertEquals([progress.totalBytes, progress.attempt], [totalBytes, 1]);
    assert(!JSON.stringify(seen).includes("secret"));
  }
});

test("progressOf() × forms: text, bytes, outcomes, batches and fetch report progress too", async () => {
  const seen: number[] = [];
  const onProgress = ({ bytes }: Progress) => void seen.push(bytes);
  await using client = createClient({ fetch: inParts(["12", "3"]) });
  await client.text(URL, { onProgress });
  await client.bytes(URL, { onProgress });
  await client.outcome(URL, { onProgress });
  await client.settle([URL, { url: `${URL}2`, onProgress }]);
  await client.all([`${URL}3`], { onProgress });
  await (await client.fetch(URL, {}, { onProgress })).text();
  assertEquals(seen, [2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3]);
});

test("progressOf() × retry: each attempt starts at zero, and error bodies are no progress", async () => {
  const seen: [number, number][] = [];
  let sent = 0;
  const [bad, good] = [inParts(["no"], {}, 503)!, inParts(["1"])!];
  await using client = createClient({
    fetch: (url, init) => (++sent === 1 ? bad : good)(url, init),
    backoff: { baseMs: 0, jitter: "none" },
  });
  await client.json(URL, { onProgress: ({ attempt, bytes }) => void seen.push([attempt, bytes]) });
  assertEquals(seen, [[2, 1]]);
});

test("progressOf() × maxBodyBytes: a body that is too large is still refused", async () => {
  const seen: number[] = [];
  await using client = createClient({ fetch: inParts(["12", "34"]), maxBodyBytes: 3 });
  const outcome = await client.outcome(URL, { onProgress: ({ bytes }) => void seen.push(bytes) });
  assert(!outcome.ok && outcome.error.message.includes("maxBodyBytes"));
  assertEquals(seen, [2]);
});

test("progressOf() survives a callback that throws, and warns once", async () => {
  const warnings: WarningEvent[] = [];
  await using client = createClient({ fetch: inParts(["1", "2", "3"]) });
  client.on((event) => void (event.type === "warning" && warnings.push(event)));
  const thrown = new Error("own");
  const value = await client.json(URL, {
    onProgress() {
      throw thrown;
    },
  });
  assertEquals([value, warnings.length, warnings[0]!.error], [123, 1, thrown]);
});

test("progressOf() survives an async callback that rejects, and warns once", async () => {
  const warnings: WarningEvent[] = [];
  await using client = createClient({ fetch: inParts(["1", "2", "3"]) });
  using _listening = client.on((event) => event.type === "warning" ? warnings.push(event) : undefined);
  const onProgress = () => Promise.reject(new Error("a bug"));
  assertEquals(await client.json(URL, { onProgress }), 123);
  assertEquals(await (await client.fetch(URL, {}, { onProgress })).text(), "123");
  await eventLoopTurn();
  assertEquals(warnings.map(({ source, error }) => [source, (error as Error).message]), [
    ["onProgress", "a bug"],
    ["onProgress", "a bug"],
  ]);
});

test("progressOf() × single-flight: all callers that share an answer get its progress", async () => {
  let sent = 0;
  const send = inParts(["1", "2"])!;
  await using client = createClient({ fetch: (url, init) => (sent++, send(url, init)) });
  const seen: number[][] = [[], []];
  const values = seen.map((own) => client.json(URL, { onProgress: ({ bytes }) => void own.push(bytes) }));
  assertEquals(await Promise.all(values), [12, 12]);
  assertEquals([sent, seen], [1, [[1, 2], [1, 2]]]);
});

test("progressOf() × cache: a cached body is no progress, and a body for the cache is", async () => {
  const seen: number[] = [];
  await using client = createClient({
    fetch: inParts(["1", "2"]),
    cache: ttlCache(memoryCache(), { ttlMs: 1_000 }),
  });
  for (let index = 0; index < 2; index++) {
    assertEquals(await client.json(URL, { onProgress: ({ bytes }) => void seen.push(bytes) }), 12);
  }
  assertEquals(seen, [1, 2]);
});

test("progressOf() reports the URL that answers, after redirects, as an outcome does", async () => {
  const reply = (url: string): Response => {
    const isFirst = url.startsWith("https://a.test");
    const response = isFirst
      ? new Response(null, { status: 302, headers: { location: "https://b.test/y?token=secret" } })
      : new Response("12");
    Object.defineProperty(response, "url", { value: url });
    return response;
  };
  await using client = createClient({ fetch: (url) => Promise.resolve(reply(String(url))) });
  const seen: string[] = [];
  const onProgress = ({ url }: Progress): void => void seen.push(url);
  const outcome = await client.outcome(URL, { onProgress });
  await (await client.fetch(URL, {}, { onProgress })).text();
  await client.download(URL, new WritableStream(), { onProgress });
  using _listening = client.on((event) => event.type === "warning" && seen.push(event.message));
  const failing = (): never => {
    throw new Error("a bug");
  };
  await client.download(URL, new WritableStream(), { onProgress: failing });
  assert(outcome.ok && outcome.url === "https://b.test/y?token=secret");
  const warning = seen.pop()!;
  assertEquals([...new Set(seen)], ["https://b.test/y?token=***"]);
  assertEquals([seen.length, warning], [3, "The 'onProgress' of https://b.test/y?token=*** has thrown"]);
});

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  type ClientOptions,
  createClient,
  type DownloadOptions,
  isDataNotFoundError,
  isInvalidDataError,
  isNetworkError,
  isTimeoutError,
  type Progress,
} from "../../mod.ts";
import { memoryCache } from "../../src/cache/memory.ts";
import { httpCache } from "../../src/http_cache/http_cache.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { rejection, watch } from "../support/settled.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { serveFile } from "./origin.ts";
import { bytesAt, DATA, OTHER, scene, serving, sha256, TAG } from "./scene.ts";

test("download() writes a file, reports all of it, and leaves nothing else", async () => {
  await scene(
    serving(),
    async (s) => {
      const seen: number[] = [];
      const result = await s.download({
        onProgress: ({ bytes, totalBytes }) => seen.push(bytes, totalBytes!),
      });

      assertEquals(await bytesAt(s.path), DATA);
      assertEquals(await s.folder.list(), ["file"]);
      const { path, url, status, bytes, resumedFrom, etag, attempts } = result;
      assertEquals({ path, url, status, bytes, resumedFrom, etag, attempts }, {
        path: s.path,
        url: s.url,
        status: 200,
        bytes: DATA.length,
        resumedFrom: 0,
        etag: TAG,
        attempts: 1,
      });
      assertEquals(seen.slice(-2), [DATA.length, DATA.length]);
      assertEquals(s.requests[0]!.headers.get("accept-encoding"), "identity");
    },
  );
});

test("download() reports the URL that the file came from, after redirects", async () => {
  await scene(
    async (request, reply, received) => {
      if (request.number === 1) reply.head(302, { location: "/elsewhere", "content-length": "0" });
      else await serving()(request, reply, received);
    },
    async (s) => {
      const { url, status, bytes } = await s.download();
      assertEquals([url, status, bytes], [new URL("/elsewhere", s.url).href, 200, DATA.length]);
    },
  );
});

test("download() accepts a file URL", async () => {
  await scene(
    serving({ etag: undefined }),
    async (s) => {
      const to = new URL("file:///");
      to.pathname = `${s.folder.path}/with space`;
      const { path } = await s.client.download(s.url, to);

      assertEquals(path, `${s.folder.path}/with space`);
      assertEquals(await bytesAt(path!), DATA);
    },
  );
});

test("download() writes empty bodies and those of unknown length", async () => {
  for (const data of [new Uint8Array(0), DATA]) {
    await scene(async (_request, reply) => {
      reply.head(200, data.length === 0 ? { "content-length": "0" } : {});
      await reply.send(data);
    }, async (s) => {
      await s.folder.write("file", "old");
      const { bytes } = await s.download();
      assertEquals([bytes, await bytesAt(s.path)], [data.length, data]);
      assertEquals(await s.folder.list(), ["file"]);
    });
  }
});

test("download() refuses a wrong digest, and the old file stays", async () => {
  const value = await sha256(OTHER);
  await scene(
    serving(),
    async (s) => {
      await s.folder.write("file", "old");
      const error = await rejection(s.download({ digest: { algorithm: "sha-256", value } }));

      assert(isInvalidDataError(error) && error.reason === "digest");
      assertStringIncludes(error.message, value);
      assertEquals(s.requests.length, 1);
      assertEquals([await s.folder.list(), await s.folder.read("file")], [["file"], "old"]);
    },
  );
});

test("download() rejects with the reason of an abort, at any stage, and keeps or removes the part", async () => {
  for (const etag of [TAG, undefined]) {
    await scene(async (_request, reply) => {
      reply.head(200, { "content-length": String(DATA.length), ...etag === undefined ? {} : { etag } });
      await reply.send(DATA.subarray(0, 50_000));
      await new Promise(() => {});
    }, async (s) => {
      const controller = new AbortController();
      const reason = new Error("enough");
      const error = await rejection(s.download({
        signal: controller.signal,
        onProgress: ({ bytes }) => bytes === 50_000 ? controller.abort(reason) : undefined,
      }));

      assertEquals(error, reason);
      assertEquals(await s.folder.list(), etag === undefined ? [] : ["file.part", "file.part.json"]);
      const aborted = await rejection(s.download({ signal: AbortSignal.abort(reason) }));
      assertEquals([aborted, s.requests.length], [reason, 1]);
    });
  }
});

test("download() that is aborted or closed at its last byte does not rename the file", async () => {
  const reason = new Error("enough");
  for (const length of [1, 1_000, DATA.length]) {
    for (const way of ["abort", "close"] as const) {
      await scene(serving({ data: DATA.subarray(0, length) }), async (s) => {
        await s.folder.write("file", "old");
        const controller = new AbortController();
        const onProgress = ({ bytes }: Progress): void => {
          if (bytes < length) return;
          if (way === "abort") controller.abort(reason);
          else void s.client.close(reason);
        };
        assertEquals(await rejection(s.download({ signal: controller.signal, onProgress })), reason);
        assertEquals([await s.folder.read("file"), await s.folder.list()], [
          "old",
          ["file", "file.part", "file.part.json"],
        ]);
      });
    }
  }
});

test("download() ends when its client is closed", async () => {
  await scene(async (_request, reply) => {
    reply.head(200, { "content-length": String(DATA.length), etag: TAG });
    await reply.send(DATA.subarray(0, 50_000));
    await new Promise(() => {});
  }, async (s) => {
    const reason = new Error("closing");
    const error = await rejection(s.download({ onProgress: () => void s.client.close(reason) }));
    assertEquals(error, reason);
    assertEquals(await rejection(s.download()), reason);
  });
});

test("download() passes on a 404 and an error status, and changes no file", async () => {
  for (const status of [404, 403]) {
    await scene((_request, reply) => reply.head(status, { "content-length": "0" }), async (s) => {
      await s.folder.write("file", "old");
      const error = await rejection(s.download());
      assertEquals([isDataNotFoundError(error), await s.folder.list()], [status === 404, ["file"]]);
    });
  }
});

test("download() with maxBodyBytes refuses a larger file, by its length or as it arrives", async () => {
  for (const headers of [{ "content-length": String(DATA.length) }, {}]) {
    await scene(async (_request, reply) => {
      reply.head(200, headers as Record<string, string>);
      await reply.send(DATA);
    }, async (s) => {
      const error = await rejection(s.download({ maxBodyBytes: 1_000 }));
      assert(isInvalidDataError(error) && error.reason === "too-large");
      assertEquals(await s.folder.list(), []);
    });
  }
});

test("download() with maxBodyBytes also refuses a larger file of which it has a part, and keeps the part", async () => {
  for (const maxBodyBytes of [100_000, 200_000, 210_000, DATA.length - 1]) {
    await scene(serving({ cuts: [90_000] }), async (s) => {
      await rejection(s.download({ maxRetries: 0 }));
      const error = await rejection(s.download({ maxBodyBytes }));
      assert(isInvalidDataError(error) && error.reason === "too-large", String(error));
      assertEquals(await s.folder.list(), ["file.part", "file.part.json"]);
      const { resumedFrom } = await s.download({ maxBodyBytes: DATA.length });
      assertEquals([resumedFrom, await bytesAt(s.path)], [90_000, DATA]);
    });
  }
});

test("download() with a condition that a 304 answers leaves the file as it is", async () => {
  await scene((_request, reply) => reply.head(304, { etag: TAG }), async (s) => {
    await s.folder.write("file", "old");
    const { status, bytes } = await s.download({ headers: { "if-none-match": TAG } });
    assertEquals([status, bytes, await s.folder.read("file"), await s.folder.list()], [304, 0, "old", [
      "file",
    ]]);
  });
});

test("download() with a condition that a 304 answers reports no resumption, even after a try", async () => {
  await scene((request, reply, received) => {
    if (request.number === 3) return reply.head(304, { etag: TAG });
    return serveFile(request, reply, {
      data: request.number === 1 ? DATA : OTHER,
      etag: TAG,
      received,
      cutAfter: request.number === 1 ? 90_000 : undefined,
    });
  }, async (s) => {
    await rejection(s.download({ maxRetries: 0 }));
    // The rest is of another version, and the caller already has the whole file.
    const digest = { algorithm: "sha-256", value: await sha256(DATA) } as const;
    const { status, bytes, resumedFrom } = await s.download({ digest, headers: { "if-none-match": TAG } });
    assertEquals([s.requests.length, status, bytes, resumedFrom], [3, 304, 0, 0]);
  });
});

test("download() refuses a 304 without a condition, since that brings no file", async () => {
  await scene((_request, reply) => reply.head(304, { etag: TAG }), async (s) => {
    for (const headers of [{}, { "if-match": TAG }]) {
      const error = await rejection(s.download({ headers }));
      assert(isInvalidDataError(error) && error.reason === "changed");
    }
    assertEquals(await s.folder.list(), []);
    const since = { "if-modified-since": "Thu, 01 Jan 2026 00:00:00 GMT" };
    assertEquals((await s.download({ headers: since })).status, 304);
  });
});

test("download() refuses senseless arguments, before anything is sent", async () => {
  await scene(
    serving({ etag: undefined }),
    async (s) => {
      const calls: (() => Promise<unknown>)[] = [
        () => s.client.download(s.url, ""),
        () => s.client.download(s.url, 5 as unknown as string),
        () => s.client.download(s.url, null as unknown as string),
        () => s.client.download(s.url, "."),
        () => s.client.download(s.url, ".."),
        () => s.client.download(s.url, `${s.folder.path}/`),
        () => s.client.download(s.url, `${s.folder.path}/missing/`),
        () => s.client.download(s.url, `${s.folder.path}/missing/..`),
        () => s.client.download(s.url, new URL(`file://${s.folder.path}/missing/`)),
        () => s.client.download({ url: s.url, method: "HEAD" }, s.path),
        () => s.download({ headers: { range: "bytes=0-5" } }),
        () => s.download({ digest: { algorithm: "sha-256", value: "abc" } }),
        () => s.download({ digest: { algorithm: "crc" as "md5", value: "abc" } }),
        () => s.download({ cache: "always" } as unknown as DownloadOptions),
        () => s.download({ compression: "gzip" } as unknown as DownloadOptions),
        () => s.download({ as: "json" } as unknown as DownloadOptions),
        () => s.client.download(s.url, new URL("https://a.test/file")),
      ];
      for (const call of calls) assert(await rejection(call()) instanceof TypeError);
      assertEquals([s.requests.length, await s.folder.list()], [0, []]);
    },
  );
});

/** A body that brings this many bytes, and then ends, stalls or breaks off. */
function bodyOf(data: Uint8Array, end: "whole" | "stall" | "break"): ReadableStream<Uint8Array> {
  let isSent = false;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (!isSent) controller.enqueue(data.slice());
      else if (end === "whole") controller.close();
      else if (end === "break") controller.error(new TypeError("broken off"));
      else return new Promise(() => {});
      isSent = true;
    },
  }, { highWaterMark: 0 });
}

/** Creates a client for a file whose first response brings half of it. */
function halfClient(end: "stall" | "break", options: ClientOptions = {}) {
  const clock = new ManualClock();
  const ranges: (string | null)[] = [];
  const half = DATA.length / 2;
  const client = createClient({
    clock,
    fetch: (url, init) => {
      if (String(url).includes("other")) return Promise.resolve(Response.json("other"));
      const headers = new Headers(init?.headers);
      ranges.push(headers.get("range"));
      const isRest = headers.has("range");
      const range = `bytes ${half}-${DATA.length - 1}/${DATA.length}`;
      return Promise.resolve(
        new Response(bodyOf(isRest ? DATA.subarray(half) : DATA.subarray(0, half), isRest ? "whole" : end), {
          status: isRest ? 206 : 200,
          headers: {
            etag: TAG,
            "content-length": String(isRest ? half : DATA.length),
            ...isRest ? { "content-range": range } : {},
          },
        }),
      );
    },
    ...options,
  });
  return { clock, ranges, client };
}

/** Waits until the first half has arrived. */
function untilHalf(progress: { readonly bytes: number }): Promise<void> {
  return until(() => progress.bytes >= DATA.length / 2);
}

test("download() resumes after idleTimeoutMs without a byte", async () => {
  await using folder = await tempFolder();
  const { clock, ranges, client } = halfClient("stall");
  const progress = { bytes: 0 };
  const path = `${folder.path}/file`;
  const downloaded = watch(client.download("https://a.test/", path, {
    idleTimeoutMs: 5_000,
    onProgress: ({ bytes }) => void (progress.bytes = bytes),
  }));
  await untilHalf(progress);
  // The next read may have to wait for the disk.
  await until(() => clock.pending > 0);
  await clock.advance(4_999);
  assertEquals(ranges.length, 1);
  await clock.advance(1);
  await clock.advance(4_000);
  await until(() => downloaded.state !== "pending");

  assertEquals([downloaded.error, ranges], [undefined, [null, `bytes=${DATA.length / 2}-`]]);
  assertEquals(await bytesAt(path), DATA);
});

test("download() ends at totalTimeoutMs, in its backoff and while nothing arrives, and keeps the part", async () => {
  for (const end of ["stall", "break"] as const) {
    await using folder = await tempFolder();
    const { clock, client } = halfClient(end, { backoff: { baseMs: 60_000, maxMs: Infinity } });
    const progress = { bytes: 0 };
    const downloaded = watch(client.download("https://a.test/", `${folder.path}/file`, {
      totalTimeoutMs: 10_000,
      idleTimeoutMs: 60_000,
      onProgress: ({ bytes }) => void (progress.bytes = bytes),
    }));
    await untilHalf(progress);
    await clock.advance(9_999);
    assertEquals(downloaded.state, "pending");
    await clock.advance(1);
    await until(() => downloaded.state !== "pending");

    const { error } = downloaded;
    assert(isTimeoutError(error) && error.kind === "total", String(error));
    assertEquals(isNetworkError(error.cause), end === "break");
    assertEquals(await folder.list(), ["file.part", "file.part.json"]);
    await client.close();
  }
});

test("download() holds no permit in its backoff, and an abort or close() ends that at once", async () => {
  const ways = ["abort", "close"] as const;
  for (const way of ways) {
    await using folder = await tempFolder();
    const { client, ranges } = halfClient("break", { concurrency: 1 });
    const progress = { bytes: 0 };
    const controller = new AbortController();
    const downloaded = watch(client.download("https://a.test/", `${folder.path}/file`, {
      signal: controller.signal,
      onProgress: ({ bytes }) => void (progress.bytes = bytes),
    }));
    await untilHalf(progress);
    assertEquals(await client.json("https://a.test/other"), "other");
    assertEquals([downloaded.state, ranges.length], ["pending", 1]);

    const reason = new Error("enough");
    if (way === "abort") controller.abort(reason);
    else await client.close(reason);
    await until(() => downloaded.state !== "pending");
    assertEquals(downloaded.error, reason);
  }
});

test("download() of a small file waits for another process that writes it, until an abort, a close or the timeout", async () => {
  const reason = new Error("enough");
  for (const way of ["abort", "close", "time"] as const) {
    await using folder = await tempFolder();
    await folder.write("file.part", "of another process");
    const clock = new ManualClock();
    const client = createClient({
      clock,
      timeoutMs: Infinity,
      fetch: () => Promise.resolve(new Response("1")),
    });
    const controller = new AbortController();
    const downloaded = watch(client.download("https://a.test/", `${folder.path}/file`, {
      signal: controller.signal,
      totalTimeoutMs: way === "time" ? 40 : undefined,
    }));
    // The total timeout, and the wait before the next look.
    await until(() => clock.pending === (way === "time" ? 2 : 1));
    if (way === "abort") controller.abort(reason);
    else if (way === "close") await client.close(reason);
    else await clock.advance(40);
    await until(() => downloaded.state !== "pending");
    if (way !== "time") assertEquals(downloaded.error, reason);
    else assert(isTimeoutError(downloaded.error) && downloaded.error.kind === "total");
    assertEquals([await folder.list(), clock.pending], [["file.part"], 0]);
    await client.close();
  }
});

test("download() survives an onProgress that throws or rejects, and warns once", async () => {
  const callbacks = [() => {
    throw new Error("a bug");
  }, () => Promise.reject(new Error("a bug"))];
  for (const onProgress of callbacks) {
    await scene((request, reply) => serveFile(request, reply, { data: DATA }), async (s) => {
      const warnings: string[] = [];
      using _listening = s.client.on((event) =>
        event.type === "warning" ? warnings.push(event.source) : undefined
      );
      await s.download({ onProgress });
      await eventLoopTurn();
      assertEquals([warnings, await bytesAt(s.path)], [["onProgress"], DATA]);
    });
  }
});

test("download() neither reads nor writes a cache, unless told to", async () => {
  await using folder = await tempFolder();
  const headers = { "cache-control": "max-age=60" };
  let sent = 0;
  await using client = createClient({
    cache: httpCache(memoryCache()),
    fetch: () => Promise.resolve(new Response(`text ${++sent}`, { headers })),
  });
  const path = `${folder.path}/file`;
  const texts: string[] = [];
  for (
    const options of [{}, { cache: "default" }, {}, { cache: "default" }, { cache: "reload" }, {
      cache: "only-if-cached",
    }] as const
  ) {
    await client.download("https://a.test/", path, options);
    texts.push(await folder.read("file"));
  }
  assertEquals(texts, ["text 1", "text 2", "text 3", "text 2", "text 4", "text 4"]);
  assertEquals([await client.text("https://a.test/"), sent], ["text 4", 4]);
});

test("download() stores in the cache if told to, also for a stream, and nothing of a broken body", async () => {
  const headers = { "cache-control": "max-age=60", etag: TAG, "content-length": "10" };
  const requests: (string | null)[] = [];
  await using client = createClient({
    cache: httpCache(memoryCache()),
    backoff: { baseMs: 0, jitter: "none" },
    fetch: (_url, init) => {
      const range = new Headers(init?.headers).get("range");
      requests.push(range);
      if (range === null) {
        const body = requests.length > 1 ? "0123456789" : bodyOf(new TextEncoder().encode("01234"), "break");
        return Promise.resolve(new Response(body, { headers }));
      }
      const partHeaders = { ...headers, "content-length": "5", "content-range": "bytes 5-9/10" };
      return Promise.resolve(new Response("56789", { status: 206, headers: partHeaders }));
    },
  });
  for (let round = 0; round < 3; round++) {
    let text = "";
    const to = new WritableStream<Uint8Array>({
      write: (chunk) => void (text += new TextDecoder().decode(chunk)),
    });
    await client.download("https://a.test/", to, { cache: "default" });
    assertEquals(text, "0123456789");
  }
  assertEquals(requests, [null, "bytes=5-", null]);
});

test("download() with compression writes a text as the runtime decodes it, and requests the rest of a file uncompressed", async () => {
  const codings: (string | null)[] = [];
  await scene(
    (request, reply, received) => {
      codings.push(request.headers.get("accept-encoding"));
      return serveFile(request, reply, {
        received,
        data: DATA,
        etag: TAG,
        cutAfter: request.number === 1 ? 290_000 : undefined,
      });
    },
    async (s) => {
      await s.download({ compression: true });
      assertEquals(await bytesAt(s.path), DATA);
      assertEquals([codings[0] === "identity", codings[1], s.requests.length], [false, "identity", 2]);
    },
  );
});

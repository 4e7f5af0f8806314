import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { isInvalidDataError, isNetworkError, isTimeoutError, isWriteError } from "../../mod.ts";
import { StreamSink } from "../../src/download/stream_sink.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { rejection, watch } from "../support/settled.ts";
import { test } from "../support/test.ts";
import { unlessAborted } from "../support/unless_aborted.ts";
import { until } from "../support/until.ts";
import { Received, serveFile, startOrigin } from "./origin.ts";
import { DATA, impatientClient, OTHER, scene, sha256, TAG } from "./scene.ts";

/** A stream that collects its chunks. */
function collector(write: () => void | Promise<void> = () => {}) {
  const chunks: Uint8Array[] = [];
  const ended: { closed: boolean; aborted?: unknown } = { closed: false };
  const stream = new WritableStream<Uint8Array>({
    async write(chunk) {
      await write();
      chunks.push(chunk);
    },
    close: () => void (ended.closed = true),
    abort: (reason) => void (ended.aborted = reason),
  });
  const bytes = async (): Promise<Uint8Array> =>
    new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
  return { stream, bytes, ended };
}

test("StreamSink refuses a locked stream", () => {
  const { stream } = collector();
  stream.getWriter();
  assertThrows(() => new StreamSink(stream, () => {}), TypeError, "locked");
});

test("download() into a stream writes everything in order, closes it and unlocks it", async () => {
  await scene((request, reply) => serveFile(request, reply, { data: DATA, etag: TAG }), async (s) => {
    const { stream, bytes, ended } = collector();
    const result = await s.client.download(s.url, stream);

    assertEquals([result.path, result.bytes, await bytes()], [undefined, DATA.length, DATA]);
    assertEquals([ended, stream.locked], [{ closed: true }, false]);
  });
});

test("download() into a stream resumes after a break, also if a server sends the whole file again", async () => {
  for (const ignoresRanges of [false, true]) {
    await scene(
      (request, reply, received) =>
        serveFile(ignoresRanges ? { ...request, start: undefined } : request, reply, {
          data: DATA,
          etag: TAG,
          received,
          cutAfter: request.number === 1 ? 90_000 : undefined,
        }),
      async (s) => {
        const { stream, bytes } = collector();
        await s.client.download(s.url, stream, {
          onProgress: s.received.note,
          digest: { algorithm: "sha-256", value: await sha256(DATA) },
        });
        assertEquals(await bytes(), DATA);
      },
    );
  }
});

test("download() into a stream aborts it if the file changes, or can't be resumed", async () => {
  for (const etag of ['"v2"', undefined]) {
    await scene((request, reply, received) =>
      serveFile(request, reply, {
        data: request.number === 1 ? DATA : OTHER,
        etag: request.number === 1 && etag !== undefined ? TAG : etag,
        received,
        cutAfter: request.number === 1 ? 90_000 : undefined,
      }), async (s) => {
      const { stream, ended } = collector();
      const error = await rejection(s.client.download(s.url, stream, { onProgress: s.received.note }));

      assert(isInvalidDataError(error) && error.reason === "changed", String(error));
      assertEquals([ended.closed, ended.aborted, stream.locked], [false, error, false]);
    });
  }
});

test("download() into a stream that can't be resumed reports the break, and why the body broke off", async () => {
  await scene(
    (request, reply, received) =>
      serveFile(request, reply, {
        data: DATA,
        received,
        cutAfter: request.number === 1 ? 90_000 : undefined,
      }),
    async (s) => {
      const { stream } = collector();
      const error = await rejection(s.client.download(s.url, stream, { onProgress: s.received.note }));

      assert(isInvalidDataError(error) && isNetworkError(error.cause), String(error));
      assertStringIncludes(error.message, " bytes, where the one before broke off: ");
    },
  );
});

test("download() starts over after a break if nothing was written to its stream", async () => {
  await using origin = await startOrigin((request, reply) =>
    serveFile(request, reply, { data: DATA, cutAfter: request.number < 3 ? 0 : undefined })
  );
  await using client = impatientClient();
  const { stream, bytes } = collector();
  await client.download(origin.url, stream);
  assertEquals(await bytes(), DATA);
});

test("download() into a stream refuses a wrong digest before it closes the stream", async () => {
  await scene((request, reply) => serveFile(request, reply, { data: DATA, etag: TAG }), async (s) => {
    const { stream, ended } = collector();
    const digest = { algorithm: "sha-256", value: await sha256(OTHER) } as const;
    const error = await rejection(s.client.download(s.url, stream, { digest }));
    assert(isInvalidDataError(error) && error.reason === "digest");
    assertEquals([ended.closed, ended.aborted], [false, error]);
  });
});

test("download() rejects at once with the error of its stream, also while nothing arrives", async () => {
  const failure = new Error("no room");
  for (const isLate of [false, true]) {
    const received = new Received();
    await using origin = await startOrigin(async (_request, reply) => {
      reply.head(200, { "content-length": String(DATA.length) });
      await reply.send(DATA.subarray(0, 50_000));
      await new Promise(() => {});
    });
    await using client = impatientClient();
    let fail: ((error: unknown) => void) | undefined;
    const stream = new WritableStream<Uint8Array>({
      start: (controller) => void (fail = (error) => controller.error(error)),
      write: () => isLate ? undefined : Promise.reject(failure),
    });
    const downloaded = client.download(origin.url, stream, { onProgress: received.note });
    const rejected = rejection(downloaded);
    if (isLate) {
      await received.until(50_000);
      fail!(failure);
    }
    const error = await rejected;
    assert(isWriteError(error), String(error));
    assertEquals([error.cause, error.path], [failure, undefined]);
  }
});

test("download() receives no more than a slow stream accepts, and an abort ends it in the middle of a write", async () => {
  const large = new Uint8Array(40_000_000);
  await using origin = await startOrigin((request, reply) => serveFile(request, reply, { data: large }));
  await using client = impatientClient();
  const controller = new AbortController();
  const reason = new Error("enough");
  const never = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const { stream, bytes } = collector(() => {
    begun.resolve();
    return never.promise;
  });
  let received = 0;
  const downloaded = watch(client.download(origin.url, stream, {
    signal: controller.signal,
    onProgress: (progress) => received = progress.bytes,
  }));
  await begun.promise;
  // Bytes that the server sends meanwhile wait in sockets.
  for (let turn = 0; turn < 50; turn++) await eventLoopTurn();
  assert(received < 5_000_000, String(received));
  assertEquals(downloaded.state, "pending");

  controller.abort(reason);
  await until(() => downloaded.state !== "pending");

  assertEquals([downloaded.state, downloaded.error], ["rejected", reason]);
  never.resolve();
  assert((await bytes()).length < 5_000_000);
});

test("download() into a stream gives up after maxRetries, and aborts the stream with the same error", async () => {
  await scene(
    (request, reply) => serveFile(request, reply, { data: DATA, etag: TAG, cutAfter: 0 }),
    async (s) => {
      const { stream, ended } = collector();
      const error = await rejection(s.client.download(s.url, stream, { maxRetries: 2 }));
      assert(isNetworkError(error));
      assertEquals([s.requests.length, ended.aborted], [3, error]);
    },
  );
});

test("download() into a stream that is full ends at an abort in 'onProgress'", async () => {
  await scene((request, reply) => serveFile(request, reply, { data: DATA, etag: TAG }), async (s) => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const never = Promise.withResolvers<void>();
    const { stream, ended } = collector(() => never.promise);
    const { signal } = controller;
    const onProgress = (): void => controller.abort(reason);
    assertEquals(await rejection(s.client.download(s.url, stream, { signal, onProgress })), reason);
    // A write that the stream has not finished fails now: an unhandled rejection would fail the test.
    await eventLoopTurn();
    never.resolve();
    await until(() => ended.aborted === reason);
    assertEquals(s.client.stats().inFlight, 0);
  });
});

test("download() into a stream that never closes rejects at once at an abort, a timeout or a close", async () => {
  const reason = new Error("enough");
  for (const way of ["abort", "time", "close"] as const) {
    await scene((request, reply) => serveFile(request, reply, { data: DATA, etag: TAG }), async (s) => {
      const controller = new AbortController();
      const closing = Promise.withResolvers<void>();
      const stream = new WritableStream<Uint8Array>({
        close() {
          closing.resolve();
          return new Promise(() => {});
        },
      });
      const totalTimeoutMs = way === "time" ? 500 : undefined;
      const { signal } = controller;
      const ended = watch(s.client.download(s.url, stream, { signal, totalTimeoutMs }));
      await closing.promise;
      if (way === "abort") controller.abort(reason);
      if (way === "close") await s.client.close(reason);
      await until(() => ended.state !== "pending");
      if (way !== "time") assertEquals(ended.error, reason);
      else assert(isTimeoutError(ended.error) && ended.error.kind === "total");
      assertEquals(stream.locked, false);
    });
  }
});

test("download() into a stream that is closed or has failed already rejects without waiting for an answer", async () => {
  const closed = collector().stream;
  await closed.close();
  const failed = new WritableStream<Uint8Array>({
    start: (controller) => controller.error(new Error("gone")),
  });
  const aborted = collector().stream;
  await aborted.abort(new Error("gone"));
  for (const [stream, why] of [[closed, "closed"], [failed, "gone"], [aborted, "gone"]] as const) {
    await using client = impatientClient({
      fetch: (_url, init) => unlessAborted(init?.signal ?? undefined, () => new Promise<Response>(() => {})),
    });
    const error = await rejection(client.download("https://a.test/file", stream));

    assert(isWriteError(error));
    assertStringIncludes(error.message, why);
    await until(() => client.stats().inFlight === 0);
    assertEquals(stream.locked, false);
  }
});

test("download() into a stream without a buffer writes chunk after chunk", async () => {
  for (const size of [undefined, (chunk: Uint8Array | undefined) => chunk?.length ?? 1]) {
    await scene((request, reply) => serveFile(request, reply, { data: DATA, etag: TAG }), async (s) => {
      const chunks: Uint8Array[] = [];
      let isWriting = false;
      const stream = new WritableStream<Uint8Array>({
        async write(chunk) {
          assertEquals(isWriting, false);
          isWriting = true;
          await eventLoopTurn();
          chunks.push(chunk);
          isWriting = false;
        },
      }, { highWaterMark: 0, ...size === undefined ? {} : { size } });
      const { bytes } = await s.client.download(s.url, stream);
      assertEquals(bytes, DATA.length);
      assertEquals(new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer()), DATA);
    });
  }
});

test("download() into a stream without a buffer rejects with the error of the stream", async () => {
  await scene((request, reply) => serveFile(request, reply, { data: DATA, etag: TAG }), async (s) => {
    const failure = new Error("no room");
    const stream = new WritableStream<Uint8Array>({ write: () => Promise.reject(failure) }, {
      highWaterMark: 0,
    });
    const error = await rejection(s.client.download(s.url, stream));
    assert(isWriteError(error), String(error));
    assertEquals(error.cause, failure);
  });
});

test("download() into a stream that can't be closed rejects with the error of the stream", async () => {
  await scene((request, reply) => serveFile(request, reply, { data: DATA, etag: TAG }), async (s) => {
    const failure = new Error("no room");
    const stream = new WritableStream<Uint8Array>({ close: () => Promise.reject(failure) });
    const error = await rejection(s.client.download(s.url, stream));
    assert(isWriteError(error), String(error));
    assertEquals([error.cause, stream.locked], [failure, false]);
  });
});

test("download() aborts its stream even if it was aborted before it began", async () => {
  const reason = new Error("enough");
  for (const way of ["aborted", "aborted later", "aborted in the request", "closed"] as const) {
    await using client = impatientClient({ fetch: () => Promise.reject(new TypeError("sent")) });
    const { stream, ended } = collector();
    const controller = new AbortController();
    const { signal } = controller;
    if (way === "closed") await client.close(reason);
    else if (way !== "aborted later") controller.abort(reason);
    const url = "https://a.test/file";
    const request = way === "aborted in the request" ? { url, signal } : url;
    const downloaded = client.download(request, stream, way === "closed" ? {} : { signal });
    if (way === "aborted later") controller.abort(reason);
    assertEquals(await rejection(downloaded), reason, way);
    await until(() => ended.aborted === reason);
    assertEquals([ended.closed, stream.locked], [false, false], way);
  }
});

test("download() leaves a locked stream alone, even if it was aborted before it began", async () => {
  await using client = impatientClient();
  const { stream, ended } = collector();
  const writer = stream.getWriter();
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  assertEquals(await rejection(client.download("https://a.test/file", stream, { signal })), reason);
  await writer.close();
  assertEquals(ended, { closed: true });
});

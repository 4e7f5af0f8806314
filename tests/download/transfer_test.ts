import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  isInvalidDataError,
  isNetworkError,
  isSlipstreamError,
  isWriteError,
  type NetworkError,
  type RequestSpec,
} from "../../mod.ts";
import { GrowingFile } from "../../src/download/growing_file.ts";
import { Transfer } from "../../src/download/transfer.ts";
import { Interruption } from "../../src/streams/interruption.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { rejection } from "../support/settled.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import {
  bytesOf,
  type Origin,
  type OriginHandler,
  type OriginRequest,
  Received,
  type Reply,
  serveFile,
  startOrigin,
} from "./origin.ts";
import {
  bytesAt,
  DATA,
  impatientClient,
  OTHER,
  scene,
  type SceneHandler,
  serving,
  sha256,
  TAG,
} from "./scene.ts";

/** Long before the date of the response. */
const OLD = { date: "Sat, 28 Nov 2026 12:00:00 GMT", "last-modified": "Fri, 27 Nov 2026 12:00:00 GMT" };

/** Serves each response only up to a random byte. */
function droppingOrigin(
  seed: number,
  served: (request: OriginRequest) => Parameters<typeof serveFile>[2],
): OriginHandler {
  const random = seededRandom(seed);
  return (request, reply) => {
    const file = served(request);
    const left = file.data.length - (request.start ?? 0);
    return serveFile(request, reply, {
      ...file,
      cutAfter: random() < 0.15 ? Infinity : Math.floor(random() * left),
    });
  };
}

for (let seed = 1; seed <= 6; seed++) {
  test(`download() completes a file whose connection drops at random points, with an ETag (seed ${seed})`, async () => {
    await scene(droppingOrigin(seed, () => ({ data: DATA, etag: TAG })), async (s) => {
      await s.download({ maxRetries: 30, digest: { algorithm: "sha-256", value: await sha256(DATA) } });
      assertEquals(await bytesAt(s.path), DATA);
    });
    await scene(droppingOrigin(seed, () => ({ data: DATA, etag: TAG })), async (s) => {
      await s.download({ maxRetries: 30 });

      assertEquals(await bytesAt(s.path), DATA);
      assertEquals(await s.folder.list(), ["file"]);
      assert(
        s.requests.slice(1).every(({ start, headers }) =>
          start === undefined || headers.get("if-range") === TAG
        ),
      );
    });
  });

  test(`download() never mixes versions, whatever changes between connections (seed ${seed})`, async () => {
    const random = seededRandom(seed + 100);
    const versions = [{ data: DATA, etag: '"a"' }, { data: OTHER, etag: '"b"' }];
    await scene(droppingOrigin(seed, () => versions[random() < 0.3 ? 0 : 1]!), async (s) => {
      const { etag } = await s.download({ maxRetries: 200 });

      assertEquals(await bytesAt(s.path), etag === '"a"' ? DATA : OTHER);
    });
  });

  test(`download() never mixes versions of a server that ignores conditions (seed ${seed})`, async () => {
    const random = seededRandom(seed + 200);
    const handler = droppingOrigin(seed, (request) => {
      request.headers.delete("if-range");
      const isFirst = random() < 0.3;
      return isFirst ? { data: DATA, etag: '"a"' } : { data: OTHER, etag: '"b"' };
    });
    await scene(handler, async (s) => {
      const { etag } = await s.download({ maxRetries: 200 });

      assertEquals(await bytesAt(s.path), etag === '"a"' ? DATA : OTHER);
    });
  });
}

test("download() resumes by Last-Modified if that is old, and starts over if it is not", async () => {
  for (const [lastModified, expected] of [[OLD["last-modified"], 100_000], [OLD.date, undefined]] as const) {
    const headers = { ...OLD, "last-modified": lastModified };
    await scene(
      serving({ etag: undefined, headers, cuts: [100_000] }),
      async (s) => {
        await s.download();

        assertEquals(await bytesAt(s.path), DATA);
        assertEquals(s.requests.map(({ start }) => start), [undefined, expected]);
        assertEquals(s.requests[1]!.headers.get("if-range"), expected === undefined ? null : lastModified);
      },
    );
  }
});

test("download() starts over without a strong validator, a length, or support for ranges", async () => {
  const cases: Readonly<Record<string, string>>[] = [{}, { etag: 'W/"1"' }, {
    etag: TAG,
    "accept-ranges": "none",
  }];
  for (const headers of cases) {
    await scene(
      serving({ etag: undefined, headers, cuts: [70_000, 70_000] }),
      async (s) => {
        await s.download();

        assertEquals(await bytesAt(s.path), DATA);
        assertEquals(s.requests.map(({ start }) => start), [undefined, undefined, undefined]);
      },
    );
  }
});

test("download() refuses a part of a file that it has asked for as a whole", async () => {
  const range = { "content-length": "5", "content-range": "bytes 0-4/300000", etag: TAG };
  await scene(async (_, reply) => {
    reply.head(206, range);
    await reply.send(DATA.subarray(0, 5));
  }, async (s) => {
    const error = await rejection(s.download());
    assert(isInvalidDataError(error) && error.reason === "range");
    assertEquals([s.requests.length, await s.folder.list()], [1, []]);
  });
});

test("download() asks for uncompressed bytes, unless the caller has a wish of its own, also for the rest", async () => {
  for (const own of [undefined, "gzip;q=0.1"]) {
    await scene(serving({ cuts: [100_000] }), async (s) => {
      const headers = own === undefined ? {} : { "accept-encoding": own };
      await s.client.download({ url: s.url, headers, onProgress: s.received.note }, s.path);
      const sent = s.requests.map(({ headers }) => headers.get("accept-encoding"));
      assertEquals(sent, Array.from({ length: 2 }, () => own ?? "identity"));
    });
  }
});

/** Answers with a part of a file: these bytes, under these headers. */
function part(
  bytes: Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>>,
): (reply: Reply) => Promise<void> {
  return (reply) => {
    reply.head(206, { "content-length": String(bytes.length), ...headers });
    return reply.send(bytes);
  };
}

/** The range that the second request asks for, and five of its bytes. */
const REST = "bytes 100000-299999/300000";
const FIVE_BYTES = DATA.subarray(100_000, 100_005);

/** A server's wrong answers to the second request, which asks for the rest. */
const LIES: Readonly<Record<string, (reply: Reply) => Promise<void> | void>> = {
  "another start": part(DATA.subarray(5, 105), { etag: TAG, "content-range": "bytes 5-104/300000" }),
  "another length": part(FIVE_BYTES, { etag: TAG, "content-range": "bytes 100000-100004/300001" }),
  "an unknown length": part(FIVE_BYTES, { etag: TAG, "content-range": "bytes 100000-100004/*" }),
  "no range": part(DATA.subarray(0, 5), { etag: TAG }),
  "a range of rubbish": part(DATA.subarray(0, 5), {
    etag: TAG,
    "content-range": "bytes 100000-99999/300000",
  }),
  "several ranges": part(DATA.subarray(0, 5), {
    etag: TAG,
    "content-type": "multipart/byteranges; boundary=x",
  }),
  "another tag": part(OTHER.subarray(100_000), { etag: '"v2"', "content-range": REST }),
  "no tag": part(OTHER.subarray(100_000), { "content-range": REST }),
  "a body shorter than its range": part(FIVE_BYTES, { etag: TAG, "content-range": REST }),
  "a body longer than its range": part(DATA.subarray(100_000, 100_009), {
    etag: TAG,
    "content-range": "bytes 100000-100004/300000",
  }),
  "a 204": (reply) => reply.head(204, { etag: TAG }),
  "a 205": (reply) => reply.head(205, { etag: TAG, "content-length": "0" }),
  "a 304 that no condition has asked for": (reply) => reply.head(304, { etag: TAG }),
  "a 416": (reply) => reply.head(416, { "content-range": "bytes */300000", "content-length": "0" }),
};

/** Answers a request for the rest with at most 100,000 bytes. */
function someOfRest(start: number, reply: Reply): Promise<void> {
  const bytes = DATA.subarray(start, start + 100_000);
  const range = `bytes ${start}-${start + bytes.length - 1}/${DATA.length}`;
  return part(bytes, { etag: TAG, "content-range": range })(reply);
}

for (const [lie, answer] of Object.entries(LIES)) {
  test(`download() requests the whole file after a part with ${lie}`, async () => {
    await scene((request, reply, received) => {
      if (request.number === 2) return answer(reply);
      return serveFile(request, reply, {
        received,
        data: DATA,
        etag: TAG,
        cutAfter: request.number === 1 ? 100_000 : undefined,
      });
    }, async (s) => {
      await s.download();

      assertEquals(await bytesAt(s.path), DATA);
      assertEquals(s.requests.map(({ start }) => start), [undefined, 100_000, undefined]);
    });
  });
}

test("download() accepts the whole file in place of the rest, and keeps its part if that is the same", async () => {
  await scene((request, reply, received) => {
    const whole = { ...request, start: undefined };
    return serveFile(whole, reply, {
      received,
      data: DATA,
      etag: TAG,
      cutAfter: request.number === 1 ? 100_000 : undefined,
    });
  }, async (s) => {
    await s.download();

    assertEquals(await bytesAt(s.path), DATA);
    assertEquals(s.requests.length, 2);
  });
});

test("download() accepts the rest in as many parts as a server sends, without a wait", async () => {
  await scene((request, reply, received) => {
    if (request.start === undefined) {
      return serveFile(request, reply, { received, data: DATA, etag: TAG, cutAfter: 50_000 });
    }
    return someOfRest(request.start, reply);
  }, async (s) => {
    await s.download({ maxRetries: 1 });

    assertEquals(await bytesAt(s.path), DATA);
    assertEquals(s.requests.map(({ start }) => start), [undefined, 50_000, 150_000, 250_000]);
  });
});

test("download() gives up after too many breaks in a row without a new byte, and keeps the part", async () => {
  await scene(
    (request, reply, received) =>
      serveFile(request, reply, {
        received,
        data: DATA,
        etag: TAG,
        cutAfter: request.number <= 2 ? 50_000 : 0,
      }),
    async (s) => {
      const error = await rejection(s.download({ maxRetries: 2 }));

      assert(isNetworkError(error));
      assertEquals(s.requests.map(({ start }) => start), [undefined, 50_000, 100_000, 100_000]);
      assertEquals(await s.folder.list(), ["file.part", "file.part.json"]);
      assertEquals(await bytesAt(`${s.path}.part`), DATA.subarray(0, 100_000));
    },
  );
});

test("download() reports each request for the rest as a retry, unless the server ended a part early", async () => {
  const handler: SceneHandler = (request, reply, received) => {
    if (request.number !== 3) return serving({ cuts: [50_000, 50_000] })(request, reply, received);
    return someOfRest(request.start!, reply);
  };
  await scene(handler, async (s) => {
    const retries: unknown[] = [];
    using _listening = s.client.on((event) => {
      if (event.type === "retry") retries.push([event.requestId, event.retry, event.reason]);
    });
    await s.download();

    assertEquals(retries, [[1, 1, "NetworkError"], [2, 2, "NetworkError"]]);
    assertEquals([s.requests.length, s.client.stats().retried], [4, 2]);
  });
});

test("download() counts the attempts of all its requests in its error, whatever that is", async () => {
  const after: [answer: (reply: Reply) => void, message: string][] = [
    [(reply) => reply.cut(), ""],
    [(reply) => reply.head(503, { "content-length": "0" }), "(4 attempts)"],
    [(reply) => reply.head(404, { "content-length": "0" }), "(2 attempts)"],
  ];
  for (const [answer, message] of after) {
    const handler: SceneHandler = (request, reply, received) =>
      request.number === 1 ? serving({ cuts: [100_000] })(request, reply, received) : answer(reply);
    await scene(handler, async (s) => {
      const error = await rejection(s.download({ maxRetries: 2 }));
      assert(isSlipstreamError(error));
      assertEquals(error.attempts, s.requests.length);
      assertStringIncludes(error.message, message);
    });
  }
});

test("download() counts the attempts of all its requests in the error of a body that always breaks off", async () => {
  await scene(serving({ etag: undefined, cuts: [100_000, 100_000, 100_000] }), async (s) => {
    const error = await rejection(s.download({ maxRetries: 2 }));
    assert(isNetworkError(error));
    assertEquals([error.attempts, s.requests.length], [3, 3]);
  });
});

test("download() with maxRetries: 0, or of a POST, does not request the rest", async () => {
  const cases: [request: Omit<RequestSpec, "url">, leavesPart: boolean][] = [
    [{ maxRetries: 0 }, true],
    [{ idempotent: false }, false],
    [{ method: "POST", body: "x" }, false],
    // A later download could not tell whether it has the same body.
    [{ method: "PUT", body: "x", maxRetries: 0 }, false],
  ];
  for (const [request, leavesPart] of cases) {
    await scene(
      (request, reply, received) =>
        serveFile(request, reply, { received, data: DATA, etag: TAG, cutAfter: 10_000 }),
      async (s) => {
        assert(
          isNetworkError(
            await rejection(
              s.client.download({ url: s.url, onProgress: s.received.note, ...request }, s.path),
            ),
          ),
        );
        assertEquals(s.requests.length, 1);
        assertEquals(await s.folder.list(), leavesPart ? ["file.part", "file.part.json"] : []);
      },
    );
  }
});

test("download() refuses a body that is shorter or longer than announced", async () => {
  const lengths = [DATA.length + 10, DATA.length - 10];
  for (const length of lengths) {
    await using folder = await tempFolder();
    const client = impatientClient({
      fetch: () =>
        Promise.resolve(new Response(DATA, { headers: { "content-length": String(length), etag: TAG } })),
    });
    const error = await rejection(
      client.download("https://a.test/", `${folder.path}/file`, { maxRetries: 1 }),
    );

    if (length > DATA.length) assert(isNetworkError(error), String(error));
    else assert(isInvalidDataError(error) && error.reason === "length", String(error));
    assertEquals((await folder.list()).includes("file"), false);
  }
});

test("download() starts over after a chunked body that breaks off", async () => {
  await scene(async (request, reply) => {
    reply.head(200, { "transfer-encoding": "chunked", etag: TAG });
    const size = DATA.length.toString(16);
    await reply.send(new TextEncoder().encode(`${size}\r\n`));
    await reply.send(request.number === 1 ? DATA.subarray(0, 1_000) : DATA);
    if (request.number === 1) return reply.cut();
    await reply.send(new TextEncoder().encode("\r\n0\r\n\r\n"));
  }, async (s) => {
    await s.download();
    assertEquals(await bytesAt(s.path), DATA);
    assertEquals(s.requests.map(({ start }) => start), [undefined, undefined]);
  });
});

test("download() decodes a body that is compressed unasked, and never resumes it", async () => {
  const plain = new Uint8Array(200_000).map((_, index) => index % 7);
  const stream = new Blob([plain]).stream().pipeThrough(new CompressionStream("gzip"));
  const packed = new Uint8Array(await new Response(stream).arrayBuffer());
  await scene(
    (request, reply, received) =>
      serveFile(request, reply, {
        received,
        data: packed,
        etag: TAG,
        headers: { "content-encoding": "gzip" },
        cutAfter: request.number === 1 ? packed.length - 100 : undefined,
      }),
    async (s) => {
      await s.download();
      assertEquals(await bytesAt(s.path), plain);
      assertEquals(s.requests.map(({ start }) => start), [undefined, undefined]);
    },
  );
});

test("download() with a digest resumes at a server without validators, and starts over if the digest then fails", async () => {
  const digest = { algorithm: "sha-256", value: await sha256(DATA) } as const;
  for (const rest of [DATA, OTHER]) {
    await scene((request, reply, received) => {
      const isRest = request.start !== undefined;
      return serveFile(request, reply, {
        received,
        data: isRest ? rest : DATA,
        cutAfter: request.number === 1 ? 90_000 : undefined,
      });
    }, async (s) => {
      await s.download({ digest });
      assertEquals(await bytesAt(s.path), DATA);
      const starts = s.requests.map(({ start }) => start);
      assertEquals(starts, rest === DATA ? [undefined, 90_000] : [undefined, 90_000, undefined]);
    });
  }
});

test("Transfer.run() with a digest stops reading an earlier part at once, when it is aborted or closed", async () => {
  for (const end of ["abort", "close", undefined] as const) {
    const controller = new AbortController();
    const reason = new Error("enough");
    const closings: { closing?: { readonly reason: unknown } } & Record<"add" | "delete", () => void> = {
      add() {},
      delete() {},
    };
    let chunksRead = 0;
    let cancelled = 0;
    const sink = {
      position: 99,
      path: "/file",
      earlier: { etag: TAG, totalBytes: 100 },
      goOn: () => Promise.resolve(),
      async *readBack() {
        for (; chunksRead < 99; chunksRead++) {
          if (chunksRead === 3 && end === "abort") controller.abort(reason);
          if (chunksRead === 3 && end === "close") closings.closing = { reason };
          yield await Promise.resolve(new Uint8Array(1));
        }
      },
      write(chunk: Uint8Array) {
        this.position += chunk.length;
      },
    };
    const headers = new Headers({ "content-range": "bytes 99-99/100", etag: TAG });
    const ofBody = [new Uint8Array(1)];
    const chunks = {
      next: () => Promise.resolve(ofBody.pop()),
      cancel: () => Promise.resolve(void cancelled++),
    };
    let hashed = 0;
    const file = new GrowingFile({
      sink: sink as never,
      digest: { hex: "right", begin: () => ({ update: () => hashed++, digest: () => "right" }) as never },
      interruption: new Interruption(
        { clock: new ManualClock(), random: () => 0, closings: closings as never },
        [controller.signal],
      ),
    });
    const transfer = new Transfer({
      request: {
        open: () => Promise.resolve({ status: 206, headers, url: "", chunks }),
        settings: { maxRetries: 0, maxBodyBytes: Infinity },
        headers: {},
        isRepeatable: true,
        describe: () => ({ url: "https://a.test/", method: "GET", attempts: 0 }),
      },
      file,
      compression: false,
    } as never);
    const error = await transfer.run().then(() => undefined, (error: unknown) => error);
    assertEquals(error, end === undefined ? undefined : reason);
    assertEquals([chunksRead, hashed, cancelled], end === undefined ? [99, 100, 0] : [3, 3, 1]);
  }
});

test("download() leaves a mirror that breaks off, and resumes at the next", async () => {
  for (const etag of [TAG, '"other"']) {
    await using folder = await tempFolder();
    const received = new Received();
    await using first = await startOrigin((request, reply) =>
      serveFile(request, reply, { received, data: DATA, etag: TAG, cutAfter: 80_000 })
    );
    await using second = await startOrigin((request, reply) =>
      serveFile(request, reply, { data: etag === TAG ? DATA : OTHER, etag })
    );
    await using client = impatientClient({
      baseUrls: [first.url, second.url].map((url) => url.replace("/file", "")),
    });
    const moves: unknown[] = [];
    using _listening = client.on((event) => {
      if (event.type === "mirror") moves.push([event.requestId, event.from, event.to, event.reason]);
    });

    await client.download("file", `${folder.path}/file`, { onProgress: received.note });
    const [from, to] = [first.url, second.url].map((url) => new URL(url).origin);
    assertEquals([moves, client.stats().retried], [[[1, from, to, "NetworkError"]], 0]);

    assertEquals(await bytesAt(`${folder.path}/file`), etag === TAG ? DATA : OTHER);
    assertEquals([first.requests.length, second.requests.map(({ start }) => start)], [1, [80_000]]);
  }
});

/** Serves these paths' headers, and breaks off once the client has them; serves all other paths well. */
async function startBreaking(
  paths: readonly string[],
  work: (origin: Origin, headSeen: () => void) => Promise<void>,
): Promise<void> {
  let wake: (() => void) | undefined;
  await using origin = await startOrigin(async (request, reply) => {
    if (!paths.some((path) => request.path.startsWith(path))) {
      return await serveFile(request, reply, { data: DATA, etag: TAG });
    }
    const seen = new Promise<void>((resolve) => {
      wake = resolve;
    });
    reply.head(200, { "content-length": String(DATA.length), etag: TAG });
    await seen;
    reply.cut();
  });
  await work(origin, () => wake?.());
}

test("download() asks each mirror once a round, and again only after a wait", async () => {
  const cases = [
    { broken: ["/a"], bases: ["/a", "/b"], maxRetries: 0, asked: ["/a", "/b"], ok: true },
    { broken: ["/a", "/b"], bases: ["/a", "/b", "/c"], maxRetries: 0, asked: ["/a", "/b", "/c"], ok: true },
    { broken: ["/a", "/b"], bases: ["/a", "/b"], maxRetries: 0, asked: ["/a", "/b"], ok: false },
    {
      broken: ["/a", "/b", "/c"],
      bases: ["/a", "/b", "/c"],
      maxRetries: 1,
      asked: ["/a", "/b", "/c", "/a", "/b", "/c"],
      ok: false,
    },
  ];
  for (const { broken, bases, maxRetries, asked, ok } of cases) {
    for (const toFile of [true, false]) {
      await using folder = await tempFolder();
      await startBreaking(broken, async (origin, headSeen) => {
        const server = new URL(origin.url).origin;
        await using client = impatientClient({ baseUrls: bases.map((base) => server + base), maxRetries });
        using _listening = client.on(({ type }) => type === "headers" && headSeen());
        let bytes = 0;
        const stream = new WritableStream<Uint8Array>({ write: (chunk) => void (bytes += chunk.length) });
        const download = client.download("file", toFile ? `${folder.path}/file` : stream);
        const error = ok ? await download.then(() => undefined) : await rejection(download) as NetworkError;

        assertEquals(isNetworkError(error), !ok);
        const told = (error?.context.mirrors ?? []) as readonly { readonly url: string }[];
        assertEquals(told.map(({ url }) => url), ok ? [] : bases.map((base) => `${server}${base}/file`));
        assertEquals(origin.requests.map(({ path }) => path), asked.map((base) => `${base}/file`));
        if (ok && toFile) assertEquals(await bytesAt(`${folder.path}/file`), DATA);
        if (ok && !toFile) assertEquals(bytes, DATA.length);
      });
    }
  }
});

test("download() waits when the only mirror that answers has broken off again", async () => {
  await startBreaking(["/a"], async (origin, headSeen) => {
    const server = new URL(origin.url).origin;
    await using other = await startOrigin((_, reply) => reply.head(500, { "content-length": "0" }));
    await using client = impatientClient({
      baseUrls: [`${server}/a`, other.url.replace("/file", "")],
      maxRetries: 1,
    });
    using _listening = client.on(({ type }) => type === "headers" && headSeen());

    assert(isNetworkError(await rejection(client.download("file", new WritableStream()))));
    // The mirror that fails is no reason to ask the other one again and again.
    assertEquals([origin.requests.length, other.requests.length], [4, 3]);
  });
});

test("download() goes to the next mirror after a wrong digest, except into a stream, which can't be undone", async () => {
  const digest = { algorithm: "sha-256", value: await sha256(DATA) } as const;
  for (const rights of [[false, true], [false, false, true], [false, false]]) {
    await using folder = await tempFolder();
    const isRight = (path: string): boolean => rights[Number(path.split("/")[1])]!;
    await using origin = await startOrigin((request, reply) =>
      serveFile(request, reply, { data: isRight(request.path) ? DATA : OTHER })
    );
    const server = new URL(origin.url).origin;
    const baseUrls = rights.map((_, index) => `${server}/${index}`);
    await using client = impatientClient({ baseUrls, maxRetries: 0 });
    const download = client.download("file", `${folder.path}/file`, { digest });
    const error = rights.at(-1) ? await download.then(() => undefined) : await rejection(download);

    assertEquals(error === undefined, rights.at(-1));
    assertEquals(origin.requests.length, rights.length);
    assertEquals(await folder.list(), error === undefined ? ["file"] : []);
    if (error === undefined) assertEquals(await bytesAt(`${folder.path}/file`), DATA);
    else assert(isInvalidDataError(error) && error.reason === "digest");

    const streamed = await rejection(client.download("file", new WritableStream(), { digest }));
    assert(isInvalidDataError(streamed) && streamed.reason === "digest");
    assertEquals(origin.requests.length, rights.length + 1);
  }
});

test("download() with compression starts over if a server compresses the requested rest", async () => {
  const stream = new Blob([DATA]).stream().pipeThrough(new CompressionStream("gzip"));
  const packed = new Uint8Array(await new Response(stream).arrayBuffer());
  const headers = { etag: TAG, "content-encoding": "gzip", "content-length": String(packed.length) };
  for (const compression of [true, false]) {
    await scene(async (request, reply, received) => {
      if (request.number === 1) return await serving({ cuts: [90_000] })(request, reply, received);
      reply.head(200, headers);
      await reply.send(packed);
    }, async (s) => {
      await s.download({ compression });

      assertEquals(await bytesAt(s.path), DATA);
      assertEquals(await s.folder.list(), ["file"]);
      // With an identity coding requested, Deno leaves the body as it arrives.
      assertEquals(
        s.requests.map(({ start }) => start),
        [undefined, 90_000, undefined].slice(0, s.requests.length),
      );
    });
  }
});

test("download() cancels a response at once with which it can't resume", async () => {
  const large = bytesOf(4_000_000);
  const fs = await import("node:fs/promises");
  let record = "";
  await scene(async (request, reply, received) => {
    if (request.number === 2) {
      // The record can't be written any more.
      await fs.rm(record);
      await fs.mkdir(`${record}/a`, { recursive: true });
    }
    await serving({ data: large, cuts: [400_000] })(request, reply, received);
  }, async (s) => {
    record = `${s.path}.part.json`;
    await rejection(s.download({ maxRetries: 0 }));
    const error = await rejection(s.download());

    assert(isWriteError(error));
    await until(() => s.client.stats().inFlight === 0);
    assertEquals(s.requests.length, 2);
  }, { timeoutMs: 600_000 });
});

const ZIP = { "content-type": "application/zip" };
const PAGE = new TextEncoder().encode("<html>Log in first</html>");

/** Serves a file whose first response breaks off, and pages in place of the next responses. */
function strayPages(count: number, headers: Readonly<Record<string, string>> = {}): SceneHandler {
  return (request, reply, received) => {
    if (request.number === 1 || request.number > 1 + count) {
      return serving({ headers: ZIP, cuts: [100_000] })(request, reply, received);
    }
    reply.head(200, {
      "content-type": "Text/HTML; charset=utf-8",
      "content-length": `${PAGE.length}`,
      ...headers,
    });
    return reply.send(PAGE);
  };
}

test("download() treats a page in place of the rest as a break, and resumes when the file is back", async () => {
  for (const compression of [false, true]) {
    await scene(strayPages(2), async (s) => {
      const { bytes, status } = await s.download({ maxRetries: 3, compression });

      assertEquals([bytes, status], [DATA.length, 206]);
      assertEquals(await bytesAt(s.path), DATA);
      assertEquals(s.requests.map(({ start }) => start), [undefined, 100_000, 100_000, 100_000]);
    });
  }
});

test("download() keeps its part for a later download if only pages come in its place", async () => {
  await scene(strayPages(3), async (s) => {
    for (const expected of [2, 4]) {
      const error = await rejection(s.download({ maxRetries: 1 }));

      assert(isInvalidDataError(error) && error.reason === "content-type", String(error));
      assertStringIncludes(
        error.message,
        "is an HTML page in place of the rest of a file of type 'application/zip'",
      );
      assertEquals(s.requests.length, expected);
      assertEquals(await s.folder.list(), ["file.part", "file.part.json"]);
      assertEquals(await bytesAt(`${s.path}.part`), DATA.subarray(0, 100_000));
    }
    assertEquals((await s.download({ maxRetries: 1 })).resumedFrom, 100_000);
    assertEquals(await bytesAt(s.path), DATA);
  });
});

test("download() writes nothing into a stream of a page in place of the rest", async () => {
  await scene(strayPages(1), async (s) => {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    const to = new WritableStream<Uint8Array<ArrayBuffer>>({ write: (chunk) => void chunks.push(chunk) });
    await s.client.download(s.url, to, { maxRetries: 2, onProgress: s.received.note });

    assertEquals(new Uint8Array(await new Blob(chunks).arrayBuffer()), DATA);
  });
});

test("download() accepts a page as a new version of the file if it has a validator", async () => {
  const validators: readonly Record<string, string>[] = [{ etag: '"page"' }, { "last-modified": OLD.date }];
  for (const validator of validators) {
    await scene(strayPages(1, validator), async (s) => {
      await s.download({ maxRetries: 1 });

      assertEquals(await bytesAt(s.path), PAGE);
      assertEquals(s.requests.length, 2);
    });
  }
});

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  type Client,
  type ClientOptions,
  createClient,
  type DownloadOptions,
  isDataNotFoundError,
  isInvalidDataError,
  isNetworkError,
  isWriteError,
} from "../../mod.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { rejection } from "../client/settled.ts";
import { type TempFolder, tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";
import {
  bytesOf,
  type OriginHandler,
  type OriginRequest,
  Received,
  type Reply,
  serveFile,
  startOrigin,
} from "./origin.ts";

const DATA = bytesOf(300_000);
const OTHER = bytesOf(300_000, 2);
const TAG = '"v1"';
/** Long ago, beside the date of a response. */
const OLD = { date: "Sat, 28 Nov 2026 12:00:00 GMT", "last-modified": "Fri, 27 Nov 2026 12:00:00 GMT" };

function impatientClient(options: ClientOptions = {}): Client {
  return createClient({
    backoff: { baseMs: 0, jitter: "none" },
    retryBudget: false,
    circuitBreaker: false,
    ...options,
  });
}

async function bytesAt(path: string): Promise<Uint8Array> {
  const fs = await import("node:fs/promises");
  return new Uint8Array(await fs.readFile(path));
}

interface Scene {
  readonly folder: TempFolder;
  readonly path: string;
  readonly requests: readonly OriginRequest[];
  readonly url: string;
  readonly client: Client;
  readonly received: Received;
  download(options?: DownloadOptions): ReturnType<Client["download"]>;
}

async function scene(
  handler: (request: OriginRequest, reply: Reply, received: Received) => void | Promise<void>,
  work: (scene: Scene) => Promise<void>,
  options: ClientOptions = {},
): Promise<void> {
  await using folder = await tempFolder();
  const received = new Received();
  await using origin = await startOrigin((request, reply) => handler(request, reply, received));
  await using client = impatientClient(options);
  const path = `${folder.path}/file`;
  const { url, requests } = origin;
  const download = (options?: DownloadOptions) =>
    client.download(url, path, { onProgress: received.note, ...options });
  await work({ folder, path, requests, url, client, received, download });
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

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

test("download() writes a file, says all of it, and leaves nothing else", async () => {
  await scene(
    (request, reply, received) => serveFile(request, reply, { received, data: DATA, etag: TAG }),
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

test("download() takes a file URL", async () => {
  await scene(
    (request, reply, received) => serveFile(request, reply, { received, data: DATA }),
    async (s) => {
      const to = new URL("file:///");
      to.pathname = `${s.folder.path}/with space`;
      const { path } = await s.client.download(s.url, to);

      assertEquals(path, `${s.folder.path}/with space`);
      assertEquals(await bytesAt(path!), DATA);
    },
  );
});

for (let seed = 1; seed <= 6; seed++) {
  test(`download() brings a file whose connection drops at random points, with an ETag (seed ${seed})`, async () => {
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

test("download() goes on by Last-Modified if that is old, and begins anew if it is not", async () => {
  for (const [lastModified, expected] of [[OLD["last-modified"], 100_000], [OLD.date, undefined]] as const) {
    const headers = { ...OLD, "last-modified": lastModified };
    await scene(
      (request, reply, received) =>
        serveFile(request, reply, {
          received,
          data: DATA,
          headers,
          cutAfter: request.number === 1 ? 100_000 : undefined,
        }),
      async (s) => {
        await s.download();

        assertEquals(await bytesAt(s.path), DATA);
        assertEquals(s.requests.map(({ start }) => start), [undefined, expected]);
        assertEquals(s.requests[1]!.headers.get("if-range"), expected === undefined ? null : lastModified);
      },
    );
  }
});

test("download() begins anew where there is no strong validator, or no length, or no parts", async () => {
  const cases: Readonly<Record<string, string>>[] = [{}, { etag: 'W/"1"' }, {
    etag: TAG,
    "accept-ranges": "none",
  }];
  for (const headers of cases) {
    await scene(
      (request, reply, received) =>
        serveFile(request, reply, {
          received,
          data: DATA,
          headers,
          cutAfter: request.number < 3 ? 70_000 : undefined,
        }),
      async (s) => {
        await s.download();

        assertEquals(await bytesAt(s.path), DATA);
        assertEquals(s.requests.map(({ start }) => start), [undefined, undefined, undefined]);
      },
    );
  }
});

/** What a server answers to the second request, which asks for the rest. */
const LIES: Readonly<Record<string, (reply: Reply) => Promise<void> | void>> = {
  "another start": (reply) => {
    reply.head(206, { etag: TAG, "content-length": "100", "content-range": "bytes 5-104/300000" });
    return reply.send(DATA.subarray(5, 105));
  },
  "another length": (reply) => {
    reply.head(206, { etag: TAG, "content-length": "5", "content-range": "bytes 100000-100004/300001" });
    return reply.send(DATA.subarray(100_000, 100_005));
  },
  "an unknown length": (reply) => {
    reply.head(206, { etag: TAG, "content-length": "5", "content-range": "bytes 100000-100004/*" });
    return reply.send(DATA.subarray(100_000, 100_005));
  },
  "no range": (reply) => {
    reply.head(206, { etag: TAG, "content-length": "5" });
    return reply.send(DATA.subarray(0, 5));
  },
  "a range of rubbish": (reply) => {
    reply.head(206, { etag: TAG, "content-length": "5", "content-range": "bytes 100000-99999/300000" });
    return reply.send(DATA.subarray(0, 5));
  },
  "several ranges": (reply) => {
    reply.head(206, { etag: TAG, "content-length": "5", "content-type": "multipart/byteranges; boundary=x" });
    return reply.send(DATA.subarray(0, 5));
  },
  "another tag": (reply) => {
    reply.head(206, {
      etag: '"v2"',
      "content-length": "200000",
      "content-range": "bytes 100000-299999/300000",
    });
    return reply.send(OTHER.subarray(100_000));
  },
  "no tag": (reply) => {
    reply.head(206, { "content-length": "200000", "content-range": "bytes 100000-299999/300000" });
    return reply.send(OTHER.subarray(100_000));
  },
  "a 416": (reply) => reply.head(416, { "content-range": "bytes */300000", "content-length": "0" }),
};

for (const [lie, answer] of Object.entries(LIES)) {
  test(`download() asks for the whole after a part with ${lie}`, async () => {
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

test("download() takes a whole in place of the rest, and uses what it has if that is the same", async () => {
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

test("download() takes the rest in as many parts as a server gives, without a wait", async () => {
  await scene((request, reply, received) => {
    if (request.start === undefined) {
      return serveFile(request, reply, { received, data: DATA, etag: TAG, cutAfter: 50_000 });
    }
    const part = DATA.subarray(request.start, request.start + 100_000);
    const range = `bytes ${request.start}-${request.start + part.length - 1}/${DATA.length}`;
    reply.head(206, { etag: TAG, "content-length": String(part.length), "content-range": range });
    return reply.send(part);
  }, async (s) => {
    await s.download({ maxRetries: 1 });

    assertEquals(await bytesAt(s.path), DATA);
    assertEquals(s.requests.map(({ start }) => start), [undefined, 50_000, 150_000, 250_000]);
  });
});

test("download() gives up after so many breaks in a row that bring nothing new, and keeps what came", async () => {
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

test("download() with maxRetries: 0, or of a POST, does not ask for the rest", async () => {
  for (const request of [{ maxRetries: 0 }, { method: "POST", body: "x" }]) {
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
        assertEquals(await s.folder.list(), "method" in request ? [] : ["file.part", "file.part.json"]);
      },
    );
  }
});

for (const resume of [true, false]) {
  test(`download() leaves ${resume ? "what a later one goes on with" : "nothing with resume: false"}`, async () => {
    await scene(
      (request, reply, received) =>
        serveFile(request, reply, {
          received,
          data: DATA,
          etag: TAG,
          cutAfter: request.number === 1 ? 90_000 : undefined,
        }),
      async (s) => {
        await s.folder.write("file", "old");
        await rejection(s.download({ maxRetries: 0, resume }));
        assertEquals(await s.folder.read("file"), "old");
        assertEquals(await s.folder.list(), resume ? ["file", "file.part", "file.part.json"] : ["file"]);

        const { resumedFrom, status } = await s.download({
          digest: { algorithm: "sha-256", value: await sha256(DATA) },
        });

        assertEquals([resumedFrom, status], resume ? [90_000, 206] : [0, 200]);
        assertEquals(await bytesAt(s.path), DATA);
        assertEquals(await s.folder.list(), ["file"]);
      },
    );
  });
}

test("download() goes on with a part that is complete already, after asking for its last byte", async () => {
  for (const isSame of [true, false]) {
    let changed = false;
    await scene(
      (request, reply, received) =>
        serveFile(
          request,
          reply,
          changed ? { data: OTHER, etag: '"v2"' } : { received, data: DATA, etag: TAG, cutAfter: 299_999 },
        ),
      async (s) => {
        await rejection(s.download({ maxRetries: 0 }));
        const fs = await import("node:fs/promises");
        await fs.appendFile(`${s.path}.part`, DATA.subarray(299_999));
        changed = !isSame;
        if (isSame) {
          await s.download({ maxRetries: 1 });
          assertEquals(await bytesAt(s.path), DATA);
          assertEquals(s.requests.at(-1)!.start, 299_999);
        } else {
          await s.download();
          assertEquals(await bytesAt(s.path), OTHER);
        }
      },
    );
  }
});

test("download() is not misled by a .part that is stale, torn, foreign or of another request", async () => {
  const spoil: ((s: Scene) => Promise<void>)[] = [
    async ({ folder }) => await folder.write("file.part.json", "{"),
    async ({ folder }) => await folder.write("file.part.json", "null"),
    async ({ folder }) => await folder.write("file.part.json", '{"format":"slipstream-part-1"}'),
    async ({ path }) => {
      // Another program has written a file of its own in its place.
      const fs = await import("node:fs/promises");
      await fs.writeFile(`${path}.other`, OTHER.subarray(0, 80_000));
      await fs.rename(`${path}.other`, `${path}.part`);
    },
    async ({ path }) => {
      const fs = await import("node:fs/promises");
      await fs.appendFile(`${path}.part`, OTHER);
    },
    async ({ path, folder }) => {
      const fs = await import("node:fs/promises");
      await fs.unlink(`${path}.part`);
      await folder.write("target", "kept");
      await folder.link("file.part", "target");
    },
  ];
  for (const change of spoil) {
    await scene(
      (request, reply, received) =>
        serveFile(request, reply, {
          received,
          data: DATA,
          etag: TAG,
          cutAfter: request.number === 1 ? 90_000 : undefined,
        }),
      async (s) => {
        await rejection(s.download({ maxRetries: 0 }));
        await change(s);
        const names = await s.folder.list();

        const { resumedFrom } = await s.download();

        assertEquals([await bytesAt(s.path), resumedFrom], [DATA, 0]);
        if (names.includes("target")) assertEquals(await s.folder.read("target"), "kept");
      },
    );
  }
  await scene(
    (request, reply, received) =>
      serveFile(request, reply, {
        received,
        data: DATA,
        etag: TAG,
        cutAfter: request.number === 1 ? 90_000 : undefined,
      }),
    async (s) => {
      await rejection(s.download({ maxRetries: 0 }));
      await s.client.download(`${s.url}?other`, s.path);
      assertEquals(s.requests.map(({ start }) => start), [undefined, undefined]);
    },
  );
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

test("download() begins anew after a chunked body that breaks off", async () => {
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

test("download() decodes what is compressed all the same, and never goes on with it", async () => {
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

test("download() refuses a wrong digest, and what was there before stays", async () => {
  const value = await sha256(OTHER);
  await scene(
    (request, reply, received) => serveFile(request, reply, { received, data: DATA, etag: TAG }),
    async (s) => {
      await s.folder.write("file", "old");
      const error = await rejection(s.download({ digest: { algorithm: "sha-256", value } }));

      assert(isInvalidDataError(error) && error.reason === "digest");
      assertStringIncludes(error.message, value);
      assertEquals([await s.folder.list(), await s.folder.read("file")], [["file"], "old"]);
    },
  );
});

test("download() with a digest goes on at a server without validators, and begins anew if that was a mistake", async () => {
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

test("download() leaves a mirror that breaks off, and goes on at the next", async () => {
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

    await client.download("file", `${folder.path}/file`, { onProgress: received.note });

    assertEquals(await bytesAt(`${folder.path}/file`), etag === TAG ? DATA : OTHER);
    assertEquals([first.requests.length, second.requests.map(({ start }) => start)], [1, [80_000]]);
  }
});

test("download() tells of disk errors, with their cause, and leaves what is there", async () => {
  await scene(
    (request, reply, received) => serveFile(request, reply, { received, data: DATA }),
    async (s) => {
      await s.folder.folder("file");
      const taken = await rejection(s.download());
      assert(isWriteError(taken) && taken.path === s.path);

      const missing = await rejection(s.client.download(s.url, `${s.folder.path}/none/file`));
      assert(isWriteError(missing) && missing.cause instanceof Error);
      assertEquals(s.requests.length, 0);

      await s.folder.folder("other.part");
      const blocked = await rejection(s.client.download(s.url, `${s.folder.path}/other`));
      assert(isWriteError(blocked) && blocked.cause instanceof Error);
      assertEquals(await s.folder.list(), ["file/", "other.part/"]);
    },
  );
});

test("download() with overwrite: false refuses a file that is there, also if it comes meanwhile", async () => {
  const arrived: { write?: () => Promise<void> } = {};
  await scene(async (request, reply) => {
    await arrived.write?.();
    await serveFile(request, reply, { data: DATA });
  }, async (s) => {
    await s.download({ overwrite: false });
    assertEquals(await bytesAt(s.path), DATA);
    assert(isWriteError(await rejection(s.download({ overwrite: false }))));
    assertEquals(s.requests.length, 1);

    arrived.write = () => s.folder.write("late", "first");
    assert(
      isWriteError(await rejection(s.client.download(s.url, `${s.folder.path}/late`, { overwrite: false }))),
    );
    assertEquals([await s.folder.read("late"), await s.folder.list()], ["first", ["file", "late"]]);
  });
});

test("download() refuses a second download to the same file, and lets it go when the first has ended", async () => {
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  await scene(async (request, reply) => {
    reply.head(200, { "content-length": String(DATA.length) });
    begun.resolve();
    if (request.number === 1) await goOn.promise;
    await reply.send(DATA);
  }, async (s) => {
    const first = s.download();
    await begun.promise;
    assert(
      isWriteError(
        await rejection(
          s.client.download(s.url, `${s.folder.path}/../${s.folder.path.split("/").at(-1)}/file`),
        ),
      ),
    );
    goOn.resolve();
    await first;
    await s.download();
    assertEquals([s.requests.length, await bytesAt(s.path)], [2, DATA]);
  });
});

test("download() rejects with the reason of an abort, wherever it is, and keeps or removes the part", async () => {
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

test("download() passes on a 404 and an error status, and touches nothing", async () => {
  for (const status of [404, 403]) {
    await scene((_request, reply) => reply.head(status, { "content-length": "0" }), async (s) => {
      await s.folder.write("file", "old");
      const error = await rejection(s.download());
      assertEquals([isDataNotFoundError(error), await s.folder.list()], [status === 404, ["file"]]);
    });
  }
});

test("download() with maxBodyBytes refuses a larger file, by its length or as it comes", async () => {
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

test("download() of a condition that a 304 answers leaves the file as it is", async () => {
  await scene((_request, reply) => reply.head(304, { etag: TAG }), async (s) => {
    await s.folder.write("file", "old");
    const { status, bytes } = await s.download({ headers: { "if-none-match": TAG } });
    assertEquals([status, bytes, await s.folder.read("file"), await s.folder.list()], [304, 0, "old", [
      "file",
    ]]);
  });
});

test("download() refuses arguments that mean nothing, before anything is sent", async () => {
  await scene(
    (request, reply, received) => serveFile(request, reply, { received, data: DATA }),
    async (s) => {
      const calls: (() => Promise<unknown>)[] = [
        () => s.client.download(s.url, ""),
        () => s.client.download(s.url, 5 as unknown as string),
        () => s.download({ headers: { range: "bytes=0-5" } }),
        () => s.download({ digest: { algorithm: "sha-256", value: "abc" } }),
        () => s.download({ digest: { algorithm: "crc" as "md5", value: "abc" } }),
        () => s.download({ cache: "reload" } as unknown as DownloadOptions),
        () => s.download({ as: "json" } as unknown as DownloadOptions),
        () => s.client.download(s.url, new URL("https://a.test/file")),
      ];
      for (const call of calls) assert(await rejection(call()) instanceof TypeError);
      assertEquals([s.requests.length, await s.folder.list()], [0, []]);
    },
  );
});

import { assert, assertEquals } from "@std/assert";
import { isWriteError } from "../../mod.ts";
import { rejection } from "../client/settled.ts";
import { test } from "../support/test.ts";
import { serveFile } from "./origin.ts";
import { bytesAt, DATA, OTHER, type Scene, scene, sha256, TAG } from "./scene.ts";

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

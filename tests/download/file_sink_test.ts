import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { isWriteError } from "../../mod.ts";
import type { DownloadSink } from "../../src/download/download_sink.ts";
import { openFileSink } from "../../src/download/file_sink.ts";
import type { Disk } from "../../src/runtime/disk/contract.ts";
import { currentDisk } from "../../src/runtime/disk/current.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { rejection } from "../support/settled.ts";
import { type TempFolder, tempFolder } from "../support/temp_folder.ts";
import { until } from "../support/until.ts";
import { runtime, test } from "../support/test.ts";
import { bytesOf, serveFile, startOrigin } from "./origin.ts";
import { bytesAt, DATA, OTHER, type Scene, scene, serving, sha256, TAG } from "./scene.ts";

for (const resume of [true, false]) {
  test(`download() leaves ${resume ? "what a later one goes on with" : "nothing with resume: false"}`, async () => {
    await scene(
      serving({ cuts: [90_000] }),
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

const delay = () => Promise.resolve();

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

test("download() ignores a .part that is stale, torn, foreign or of another request", async () => {
  const spoil: ((s: Scene) => Promise<void>)[] = [
    async ({ folder }) => await folder.write("file.part.json", "{"),
    async ({ folder }) => await folder.write("file.part.json", "null"),
    async ({ folder }) => await folder.write("file.part.json", '{"format":"slipstream-part-1"}'),
    async ({ path }) => {
      // Another program has put a file of its own in its place.
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
      serving({ cuts: [90_000] }),
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
    serving({ cuts: [90_000] }),
    async (s) => {
      await rejection(s.download({ maxRetries: 0 }));
      await s.client.download(`${s.url}?other`, s.path);
      assertEquals(s.requests.map(({ start }) => start), [undefined, undefined]);
    },
  );
});

test("download() reports disk errors, with their cause, and leaves existing files", async () => {
  await scene(
    serving({ etag: undefined }),
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

test("download() refuses to replace a device or a pipe, before anything is sent", async () => {
  await scene(
    (request, reply, received) => serveFile(request, reply, { received, data: DATA }),
    async (s) => {
      // Use a link, so that only the link would be lost if it were replaced.
      await s.folder.link("file", "/dev/null");
      for (const options of [{}, { overwrite: false }, { resume: false }]) {
        const error = await rejection(s.download(options));
        assert(isWriteError(error) && /device or a pipe/.test(error.message));
      }
      assertEquals([await s.folder.list(), s.requests.length], [["file"], 0]);
    },
  );
});

test("download() with overwrite: false refuses an existing file, also one that appears meanwhile", async () => {
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

test("download() refuses a second download to the same file, until the first has ended", async () => {
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

/** A disk on which some operations fail. */
function failingDisk(failing: Partial<Disk>): Disk {
  return { ...currentDisk(), ...failing };
}

async function sinkOn(disk: Disk, path: string): Promise<DownloadSink> {
  return await openFileSink(path, {
    source: () => "a",
    resumes: true,
    overwrites: true,
    wallNow: () => 0,
    delay,
    disk,
  });
}

const VERSION = { etag: TAG, totalBytes: DATA.length };

test("openFileSink() reports a full disk, and the old file stays", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/file`;
  await folder.write("file", "old");
  const full = new Error("no space left on device");
  const disk = failingDisk({
    create: async (created) => ({
      ...await currentDisk().create(created),
      write: () => Promise.reject(full),
    }),
  });
  const sink = await sinkOn(disk, path);
  await sink.begin(VERSION);
  await sink.write(DATA.slice());
  const error = await rejection(sink.finish());
  await sink.abandon(true, error);

  assert(isWriteError(error));
  assertEquals([error.cause, error.path], [full, path]);
  assertEquals(await folder.read("file"), "old");
  const again = await sinkOn(currentDisk(), path);
  assertEquals([again.position, again.earlier], [0, undefined]);
  await again.abandon(false, undefined);
});

test("openFileSink() leaves no part whose record can't be written, since it could not be resumed", async () => {
  for (
    const [version, bytes, fails] of [[{}, 1_000, false], [{}, DATA.length, true], [
      VERSION,
      0,
      true,
    ]] as const
  ) {
    await using folder = await tempFolder();
    const full = new Error("no space left on device");
    const disk = failingDisk({ writeText: () => Promise.reject(full) });
    const sink = await sinkOn(disk, `${folder.path}/file`);
    const error = await sink.begin(version)
      .then(() => sink.write(DATA.slice(0, bytes)))
      .catch((error: unknown) => error);
    await sink.abandon(true, error);

    assertEquals(isWriteError(error), fails);
    assertEquals(await folder.list(), []);
  }
});

test("openFileSink() writes a large file as it arrives, and leaves nothing if nothing has arrived", async () => {
  for (const bytes of [0, 1, 1_000]) {
    await using folder = await tempFolder();
    const path = `${folder.path}/file`;
    let now = Date.now();
    const sink = await openFileSink(path, {
      source: () => "a",
      resumes: true,
      overwrites: true,
      wallNow: () => now,
      delay,
    });
    await sink.begin({ etag: TAG, totalBytes: 300_000 });
    now += 1_000;
    if (bytes > 0) await sink.write(DATA.slice(0, bytes));
    await until(async () => (await bytesAt(`${path}.part`)).length === bytes);
    await sink.abandon(true, undefined);
    assertEquals(await folder.list(), bytes === 0 ? [] : ["file.part", "file.part.json"]);
  }
});

test("openFileSink() writes nothing of a small file before it is whole, whatever files were left there", async () => {
  const small = DATA.slice(0, 1_000);
  for (const resumes of [true, false]) {
    for (const left of [[], ["file.part"], ["file.part", "file.part.json"], ["file.part.json"]]) {
      await using folder = await tempFolder();
      for (const name of left) await folder.write(name, "left");
      const path = `${folder.path}/file`;
      const sink = await openFileSink(path, {
        source: () => "a",
        resumes,
        overwrites: true,
        wallNow: () => 0,
        delay,
      });
      await sink.begin({ etag: TAG, totalBytes: small.length });
      await sink.write(small.slice());
      assertEquals(await folder.list(), left);
      await sink.finish();
      assertEquals(await bytesAt(path), small);
      const stale = left.includes("file.part.json") && !left.includes("file.part") ? ["file.part.json"] : [];
      assertEquals(await folder.list(), ["file", ...stale]);
    }
  }
});

test("openFileSink() lets another process finish its small file first, unless that file was abandoned", async () => {
  const fs = await import("node:fs/promises");
  const small = DATA.slice(0, 1_000);
  const nowMs = Date.now();
  for (
    const [ageMs, renamedAtLook, looks] of [[0, 1, 1], [900, 3, 3], [0, Infinity, 20], [
      5_000,
      Infinity,
      0,
    ]] as const
  ) {
    await using folder = await tempFolder();
    const [path, part] = [`${folder.path}/file`, `${folder.path}/file.part`];
    await folder.write("file.part", "of another process");
    await fs.utimes(part, (nowMs - ageMs) / 1_000, (nowMs - ageMs) / 1_000);
    let looked = 0;
    const sink = await openFileSink(path, {
      source: () => "a",
      resumes: false,
      overwrites: true,
      wallNow: () => nowMs,
      delay: async () => {
        if (++looked !== renamedAtLook) return;
        await fs.rename(part, path);
        assertEquals(await folder.read("file"), "of another process");
      },
    });
    await sink.begin({ etag: TAG, totalBytes: small.length });
    await sink.write(small.slice());
    await sink.finish();
    assertEquals([looked, await folder.list()], [looks, ["file"]]);
    assertEquals(await bytesAt(path), small);
  }
});

test("openFileSink() keeps a small part that a later download may use, and no other", async () => {
  for (const keeps of [true, false]) {
    await using folder = await tempFolder();
    const path = `${folder.path}/file`;
    const sink = await sinkOn(currentDisk(), path);
    await sink.begin(VERSION);
    await sink.write(DATA.slice(0, 1_000));
    await sink.abandon(keeps, undefined);
    assertEquals(await folder.list(), keeps ? ["file.part", "file.part.json"] : []);
    const again = await sinkOn(currentDisk(), path);
    assertEquals([again.position, again.earlier?.etag], keeps ? [1_000, TAG] : [0, undefined]);
    await again.abandon(false, undefined);
  }
});

test("openFileSink() refuses a large file while another process writes it, even if it does not resume", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/file`;
  const other = await sinkOn(failingDisk({ processId: 4_000_000 }), path);
  await other.begin(VERSION);
  await other.write(DATA.slice());
  const options = { source: () => "b", resumes: false, overwrites: true, wallNow: () => Date.now(), delay };
  const disk = failingDisk({ isRunning: () => true });
  await other.abandon(true, undefined);
  for (const bytes of [1_000, 300_000]) {
    const sink = await openFileSink(path, { ...options, disk });
    const error = await rejection(
      sink.begin({ totalBytes: bytes })
        .then(() => sink.write(DATA.slice(0, bytes)))
        .then(() => sink.finish()),
    );
    await sink.abandon(false, error);
    const { message } = error as Error;
    assertEquals(message, `Cannot download to ${sink.path}: process 4000000 downloads to it`);
  }
  assertEquals(await folder.list(), ["file.part", "file.part.json"]);
});

test("openFileSink() reports a file that can't be renamed, and leaves it to a later download", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/file`;
  const denied = new Error("permission denied");
  const sink = await sinkOn(failingDisk({ rename: () => Promise.reject(denied) }), path);
  await sink.begin(VERSION);
  await sink.write(DATA.slice());
  const error = await rejection(sink.finish());
  await sink.abandon(true, error);

  assert(isWriteError(error) && error.cause === denied);
  const again = await sinkOn(currentDisk(), path);
  assertEquals([again.position, again.earlier?.etag], [DATA.length, TAG]);
  await again.goOn();
  await again.finish();
  assertEquals([await bytesAt(path), await folder.list()], [DATA, ["file"]]);
});

test("openFileSink() renames no file that another download has put in its place", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/file`;
  const slow = await sinkOn(currentDisk(), path);
  await slow.begin(VERSION);
  await slow.write(DATA.slice());
  // As another process does that does not know of this one.
  const fs = await import("node:fs/promises");
  await fs.unlink(`${path}.part`);
  await fs.writeFile(`${path}.part`, OTHER.subarray(0, 5));

  const error = await rejection(slow.finish());
  await slow.abandon(false, error);

  assert(isWriteError(error));
  assertStringIncludes(error.message, "something else was put in its place");
  assertEquals(await folder.list(), ["file.part", "file.part.json"]);
  assertEquals(await bytesAt(`${path}.part`), OTHER.subarray(0, 5));
});

test("openFileSink() says that its file was removed meanwhile", async () => {
  await using folder = await tempFolder();
  const slow = await sinkOn(currentDisk(), `${folder.path}/file`);
  await slow.begin(VERSION);
  await slow.write(DATA.slice());
  await (await import("node:fs/promises")).unlink(`${folder.path}/file.part`);

  const error = await rejection(slow.finish());
  await slow.abandon(false, error);

  assert(isWriteError(error));
  assertStringIncludes(error.message, "it was removed meanwhile");
});

for (const seed of [1, 2, 3, 4]) {
  test(`download() resumes in a new process after a kill -9 at any moment (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const large = bytesOf(8_000_000, seed);
    await using folder = await tempFolder();
    await using origin = await startOrigin((request, reply) =>
      serveFile(request, reply, { data: large, etag: TAG })
    );
    const path = `${folder.path}/out/file`;
    await folder.folder("out");
    const program = await downloadProgram(folder);
    for (let round = 0; round < 3; round++) {
      await program.runUntil(origin.url, path, random() * large.length);
      // If the download was faster than the signal, the file is there, and whole.
      if ((await folder.list()).includes("out/file")) assertEquals(await bytesAt(path), large);
    }

    const output = await program.run(origin.url, path);

    assertStringIncludes(output, `done ${large.length} `);
    assertEquals(await bytesAt(path), large);
    assertEquals((await folder.list()).filter((name) => name.startsWith("out/")), ["out/", "out/file"]);
  });
}

/** Runs `download_once.ts` as a process of its own. */
async function downloadProgram(folder: TempFolder) {
  const { spawn } = await import("node:child_process");
  const { promisify } = await import("node:util");
  const { execFile } = await import("node:child_process");
  const { process } = globalThis as unknown as { process: { execPath: string; env: Record<string, string> } };
  const program = "tests/support/download_once.ts";
  const bundle = `${folder.path}/program.js`;
  if (runtime === "bun") {
    await promisify(execFile)("deno", ["bundle", "--quiet", program, "--output", bundle]);
  }
  const start = (...args: string[]) => {
    const own = runtime === "bun" ? [bundle] : ["run", "--quiet", "--allow-all", "--no-check", program];
    const env = { ...process.env, NO_PROXY: "127.0.0.1", no_proxy: "127.0.0.1" };
    return spawn(process.execPath, [...own, ...args], { env, stdio: ["ignore", "pipe", "inherit"] });
  };
  return {
    /** Kills the process when it reports this many bytes. */
    async runUntil(url: string, path: string, bytes: number): Promise<void> {
      const child = start(url, path);
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        if (text.split("\n").some((line) => Number.parseInt(line) >= bytes)) child.kill("SIGKILL");
      });
      await new Promise((resolve) => child.on("close", resolve));
    },
    async run(url: string, path: string): Promise<string> {
      const child = start(url, path);
      let output = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => output += text);
      await new Promise((resolve) => child.on("close", resolve));
      return output;
    },
  };
}

test("download() gives a file no more permissions than the old one had, during the download and after it", async () => {
  const fs = await import("node:fs/promises");
  const modeOf = async (path: string) => ((await fs.stat(path)).mode & 0o777).toString(8);
  for (const [before, after] of [["600", "600"], ["640", "640"], ["700", "700"], ["400", "600"]] as const) {
    const replace = async (s: Scene) => {
      await s.folder.write("file", "secret");
      await fs.chmod(s.path, Number.parseInt(before, 8));
    };
    await scene(serving({ cuts: [100_000] }), async (s) => {
      await replace(s);
      await rejection(s.download({ maxRetries: 0 }));
      assertEquals([await modeOf(s.path), await modeOf(`${s.path}.part`)], [before, after]);

      assertEquals((await s.download()).resumedFrom, 100_000);
      assertEquals(await modeOf(s.path), after);
    });
    // A small file is written once it is whole.
    await scene(serving({ data: DATA.subarray(0, 100) }), async (s) => {
      await replace(s);
      await s.download();
      assertEquals([await modeOf(s.path), (await bytesAt(s.path)).length], [after, 100]);
    });
  }
});

import { assertEquals, assertRejects } from "@std/assert";
import { rmSync } from "node:fs";
import { utimes } from "node:fs/promises";
import { FileSink, type FileSinkOptions } from "../../src/cli/file_sink.ts";
import { LineFile } from "../../src/cli/line_file.ts";
import { ManifestWriter } from "../../src/cli/manifest.ts";
import { OutputFolder } from "../../src/cli/output_folder.ts";
import { outputPath } from "../../src/cli/output_path.ts";
import { NetworkError } from "../../src/errors.ts";
import { currentTerminal } from "../../src/runtime/terminal/current.ts";
import { type TempFolder, tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";
import { type Answers, brokenBody, exchangeOf, jobOf } from "./sink_rig.ts";

const { files } = currentTerminal();
const JOB = jobOf("https://h/x/a.json");
const BIG = "x".repeat(300_000);

async function sinkOf({ path }: TempFolder, options: Partial<FileSinkOptions> = {}): Promise<FileSink> {
  const folder = await OutputFolder.open(`${path}/out`, files);
  return new FileSink({
    folder,
    files,
    resume: false,
    pathOf: ({ input }) => outputPath(input.url),
    ...options,
  });
}

test("FileSink.take() writes small and large bodies, with and without --resume, and leaves nothing else", async () => {
  for (const resume of [false, true]) {
    for (
      const [text, headers] of [["[1]", { "content-length": "3" }], [BIG, { "content-length": "300000" }], [
        "",
        {},
      ], [BIG, {}]] as const
    ) {
      for (const takesErrorBodies of [false, true]) {
        await using temp = await tempFolder();
        const sink = await sinkOf(temp, { resume });
        const response = new Response(text, { headers: { ...headers, etag: '"1"' } });
        assertEquals(await sink.take(JOB, exchangeOf(response, { takesErrorBodies })), undefined);
        assertEquals([await temp.list(), await temp.read("out/h/x/a.json") === text], [[
          "out/",
          "out/h/",
          "out/h/x/",
          "out/h/x/a.json",
        ], true]);
      }
    }
  }
});

test("FileSink.take() starts the file again when the body does", async () => {
  await using temp = await tempFolder();
  const sink = await sinkOf(temp);
  await sink.take(JOB, exchangeOf([new Response(brokenBody("old half")), new Response("new")]));
  assertEquals(await temp.read("out/h/x/a.json"), "new");
});

test("FileSink.take() leaves no file of an incomplete body, but its part with --resume", async () => {
  for (const resume of [false, true]) {
    await using temp = await tempFolder();
    const sink = await sinkOf(temp, { resume });
    const headers = { etag: '"1"', "content-length": "8" };
    const half = () => exchangeOf(new Response(brokenBody("half"), { headers }), { maxRetries: 0 });
    await assertRejects(() => sink.take(JOB, half()), NetworkError);
    const left = (await temp.list()).filter((name) => !name.endsWith("/"));
    assertEquals(left, resume ? ["out/h/x/a.json.part", "out/h/x/a.json.part.json"] : []);
    const ranges: (string | null)[] = [];
    const onRequest = (headers: Headers): void => void ranges.push(headers.get("range"));
    const rest = resume
      ? new Response("rest", { status: 206, headers: { etag: '"1"', "content-range": "bytes 4-7/8" } })
      : new Response("halfrest", { headers });
    await sink.take(JOB, exchangeOf(rest, { onRequest }));
    assertEquals([ranges, await temp.read("out/h/x/a.json")], [[resume ? "bytes=4-" : null], "halfrest"]);
  }
});

test("FileSink.take() makes the folder again that another process has removed while the response came", async () => {
  for (const takesErrorBodies of [false, true]) {
    await using temp = await tempFolder();
    const sink = await sinkOf(temp);
    let requests = 0;
    const removing = exchangeOf([new Response("1"), new Response("2"), new Response("3")], {
      takesErrorBodies,
      onRequest: () => {
        if (requests++ === 0) rmSync(`${temp.path}/out/h`, { recursive: true });
      },
    });
    assertEquals(await sink.take(JOB, removing), undefined);
    assertEquals(await temp.read("out/h/x/a.json"), requests === 1 ? "1" : "2");
    const posting = exchangeOf([new Response("1"), new Response("2")], {
      takesErrorBodies,
      request: { method: "POST" },
      onRequest: () => rmSync(`${temp.path}/out/h`, { recursive: true }),
    });
    await assertRejects(() => sink.take(JOB, posting), Error);
  }
});

test("FileSink.take() writes ranges that the caller has requested, and error bodies, as they arrive", async () => {
  const cases: readonly (readonly [Response, Answers, string])[] = [
    [new Response("part", { status: 206 }), { request: { headers: { range: "bytes=2-5" } } }, "part"],
    [new Response("no", { status: 400 }), { takesErrorBodies: true }, "no"],
  ];
  for (const [response, answers, text] of cases) {
    await using temp = await tempFolder();
    const failure = await (await sinkOf(temp)).take(JOB, exchangeOf(response, answers));
    assertEquals([failure === undefined, await temp.read("out/h/x/a.json")], [response.ok, text]);
  }
  await using temp = await tempFolder();
  const broken = exchangeOf(new Response(brokenBody("half"), { status: 500 }), {
    takesErrorBodies: true,
    maxRetries: 0,
  });
  await assertRejects(async () => void await (await sinkOf(temp)).take(JOB, broken));
  assertEquals((await temp.list()).filter((name) => !name.endsWith("/")), []);
});

test("FileSink.take() writes one file for concurrent jobs of one URL, and does not wait for a failed one", async () => {
  await using temp = await tempFolder();
  const sink = await sinkOf(temp);
  const all = await Promise.allSettled([
    sink.take(JOB, exchangeOf(new Response("no", { status: 400 }))),
    sink.take(JOB, exchangeOf(new Response("1"))),
    sink.take(JOB, exchangeOf(new Response("2"))),
  ]);
  assertEquals(all.map(({ status }) => status), ["rejected", "fulfilled", "fulfilled"]);
  assertEquals(await temp.read("out/h/x/a.json"), "2");
});

test("FileSink.take() leaves the file as it is at a 304, and adds it to no manifest", async () => {
  await using temp = await tempFolder();
  const lines: string[] = [];
  const manifest = new ManifestWriter((line) => Promise.resolve(void lines.push(line)));
  const sink = await sinkOf(temp, { manifest });
  await sink.take(JOB, exchangeOf(new Response("old")));
  const headers = { "if-none-match": '"1"' };
  for (
    const options of [
      { request: { headers } },
      { request: { headers: { ...headers, range: "bytes=0-3" } } },
      { request: { headers }, takesErrorBodies: true },
    ]
  ) {
    const failure = await sink.take(JOB, exchangeOf(new Response(null, { status: 304 }), options));
    assertEquals([failure, await temp.read("out/h/x/a.json"), lines.length], [undefined, "old", 1]);
  }
});

test("FileSink.take() refuses a HEAD, which has no body, and leaves the file as it is", async () => {
  await using temp = await tempFolder();
  const sink = await sinkOf(temp);
  await sink.take(JOB, exchangeOf(new Response("old")));
  for (
    const options of [
      { request: { method: "HEAD" } },
      { request: { method: "HEAD", headers: { range: "bytes=0-3" } } },
      { request: { method: "HEAD" }, takesErrorBodies: true },
    ]
  ) {
    await assertRejects(() => sink.take(JOB, exchangeOf(new Response(null), options)), TypeError, "HEAD");
    assertEquals(await temp.read("out/h/x/a.json"), "old");
  }
});

test("FileSink.has() finds an existing file only with --resume", async () => {
  await using temp = await tempFolder();
  await temp.folder("out/h/x/a.json.d");
  await temp.write("out/h/x/a.json", "1");
  const has = async (resume: boolean, url: string) =>
    await (await sinkOf(temp, { resume })).has(jobOf(url), exchangeOf([]));
  assertEquals(await has(false, "https://h/x/a.json"), false);
  assertEquals(await has(true, "https://h/x/a.json"), true);
  assertEquals(await has(true, "https://h/x/b.json"), false);
});

test("FileSink.has() does not count a file with a newer incomplete part, which take() then resumes", async () => {
  const headers = { etag: '"2"', "content-length": "8" };
  // With the remains of a large download, and with those of a small one.
  for (const isNoted of [true, false]) {
    await using temp = await tempFolder();
    const sink = await sinkOf(temp, { resume: true });
    await sink.take(JOB, exchangeOf(new Response("old")));
    if (isNoted) {
      const half = exchangeOf(new Response(brokenBody("half"), { headers }), { maxRetries: 0 });
      await assertRejects(() => sink.take(JOB, half), NetworkError);
    } else {
      await temp.write("out/h/x/a.json.part", "ha");
      await utimes(`${temp.path}/out/h/x/a.json.part`, 1, 1); // not of a process that is about to rename it
    }
    assertEquals([await sink.has(JOB, exchangeOf([])), await temp.read("out/h/x/a.json")], [false, "old"]);
    const rest = isNoted
      ? new Response("rest", { status: 206, headers: { etag: '"2"', "content-range": "bytes 4-7/8" } })
      : new Response("halfrest", { headers });
    await sink.take(JOB, exchangeOf(rest));
    assertEquals([await sink.has(JOB, exchangeOf([])), await temp.read("out/h/x/a.json")], [
      true,
      "halfrest",
    ]);
    assertEquals((await temp.list()).filter((name) => name.includes(".part")), []);
  }
});

test("FileSink.has() does not count a file of another length than the server says, if that matters", async () => {
  const cases: readonly (readonly [Response, boolean])[] = [
    [new Response(null, { headers: { "content-length": "5" } }), true],
    [new Response(null, { headers: { "content-length": "7" } }), false],
    [new Response(null, { headers: { "content-length": "4" } }), false],
    [new Response(null), true],
    [new Response(null, { status: 405, headers: { "content-length": "7" } }), true],
  ];
  for (const [response, isComplete] of cases) {
    await using temp = await tempFolder();
    await (await sinkOf(temp)).take(JOB, exchangeOf(new Response("first")));
    const told: unknown[] = [];
    const sink = await sinkOf(temp, {
      resume: true,
      onOtherLength: (...args) => Promise.resolve(void told.push(args)),
    });
    const encodings: (string | null)[] = [];
    const onRequest = (headers: Headers): void => void encodings.push(headers.get("accept-encoding"));
    assertEquals(await sink.has(JOB, exchangeOf(response, { onRequest })), isComplete);
    const length = Number(response.headers.get("content-length"));
    assertEquals(told, isComplete ? [] : [[`${temp.path}/out/h/x/a.json`, 5, length]]);
    assertEquals(encodings, ["identity"]);
    // What is no plain GET, or asks for a part, has no such length.
    for (const request of [{ method: "POST" }, { headers: { range: "bytes=0-4" } }]) {
      assertEquals(await sink.has(JOB, exchangeOf([], { request, onRequest })), true);
    }
    assertEquals(encodings.length, 1);
  }
});

test("FileSink.has() refuses a link out of the folder, and changes nothing there", async () => {
  await using temp = await tempFolder();
  await temp.folder("elsewhere");
  await temp.write("elsewhere/a.json", "1");
  await temp.write("elsewhere/a.json.part.json", "2");
  await temp.folder("out/h");
  await temp.link("out/h/x", `${temp.path}/elsewhere`);
  await assertRejects(
    async () => await (await sinkOf(temp, { resume: true })).has(JOB, exchangeOf([])),
    Error,
    "leads out of",
  );
  assertEquals(await temp.read("elsewhere/a.json.part.json"), "2");
});

test("FileSink adds every file to the manifest, once, with the hash of its content on the disk", async () => {
  await using temp = await tempFolder();
  const path = `${temp.path}/manifest`;
  const manifestOf = async (known: readonly string[] = []) => {
    const file = await LineFile.open(
      "manifest",
      path,
      files,
      known.length === 0 ? undefined : { begin: "{", onLine: () => {} },
    );
    return { file, manifest: new ManifestWriter((line) => file.write(line), new Set(known)) };
  };
  const first = await manifestOf();
  const sink = await sinkOf(temp, { manifest: first.manifest });
  await sink.take(JOB, exchangeOf(new Response("abc", { headers: { "content-length": "3", etag: '"1"' } })));
  await sink.take(jobOf("https://user:pw@h/b.json"), exchangeOf(new Response("abc")));
  await first.file[Symbol.asyncDispose]();
  const digest = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  const lines = (await temp.read("manifest")).trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines, [
    { url: "https://h/x/a.json", file: "h/x/a.json", bytes: 3, status: 200, etag: '"1"', digest },
    { url: "https://***@h/b.json", file: "h/b.json", bytes: 3, status: 200, digest },
  ]);
  const second = await manifestOf(["h/x/a.json"]);
  const again = await sinkOf(temp, { manifest: second.manifest, resume: true });
  assertEquals([
    await again.has(JOB, exchangeOf([])),
    await again.has(jobOf("https://h/b.json"), exchangeOf([])),
  ], [true, true]);
  await second.file[Symbol.asyncDispose]();
  const added = (await temp.read("manifest")).trimEnd().split("\n").map((line) => JSON.parse(line)).slice(2);
  assertEquals(added, [{ url: "https://h/b.json", file: "h/b.json", bytes: 3, digest }]);
});

test("FileSink.take() with resume writes the file of several equal jobs, and its line of the manifest, once", async () => {
  await using temp = await tempFolder();
  const lines: string[] = [];
  const write = (line: string) => Promise.resolve(void lines.push(line));
  const sink = await sinkOf(temp, { resume: true, manifest: new ManifestWriter(write, new Set()) });
  // The first response fails, and one of the others is the file.
  const bodies = [
    new Response("no", { status: 400 }),
    new Response("1"),
    new Response("2"),
    new Response("3"),
  ];
  const results = await Promise.allSettled(bodies.map((response) => sink.take(JOB, exchangeOf(response))));
  assertEquals(results.map(({ status }) => status), ["rejected", "fulfilled", "fulfilled", "fulfilled"]);
  assertEquals(bodies.filter((body) => body.bodyUsed).length, 2);
  assertEquals([await sink.has(JOB, exchangeOf([])), lines.length], [true, 1]);
  assertEquals(await temp.list(), ["out/", "out/h/", "out/h/x/", "out/h/x/a.json"]);
});

import { assertEquals, assertRejects } from "@std/assert";
import { FileSink, type FileSinkOptions } from "../../src/cli/file_sink.ts";
import { LineFile } from "../../src/cli/line_file.ts";
import { ManifestWriter } from "../../src/cli/manifest.ts";
import { OutputFolder } from "../../src/cli/output_folder.ts";
import { outputPath } from "../../src/cli/output_path.ts";
import { NetworkError } from "../../src/errors.ts";
import { currentTerminal } from "../../src/runtime/terminal/current.ts";
import { type TempFolder, tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";
import { jobOf, setUpRun, transferOf } from "./sink_rig.ts";

const { files } = currentTerminal();
const JOB = jobOf("https://h/x/a.json");
const BIG = "x".repeat(300_000);

async function sinkOf({ path }: TempFolder, options: Partial<FileSinkOptions> = {}): Promise<FileSink> {
  const folder = await OutputFolder.open(`${path}/out`, files);
  const { run } = setUpRun();
  return new FileSink({
    folder,
    files,
    run,
    resume: false,
    pathOf: ({ input }) => outputPath(input.url),
    ...options,
  });
}

/** A body of which half comes. */
function cut(text: string, headers: HeadersInit = {}, status = 200): Response {
  let pulls = 0;
  const body = new ReadableStream({
    pull: (controller) =>
      pulls++ === 0
        ? controller.enqueue(new TextEncoder().encode(text))
        : controller.error(new NetworkError("cut")),
  });
  return new Response(body, { headers, status });
}

test("FileSink.take() writes small bodies and large ones, with and without --resume, and leaves nothing else", async () => {
  for (const resume of [false, true]) {
    for (
      const [text, headers] of [["[1]", { "content-length": "3" }], [BIG, { "content-length": "300000" }], [
        "",
        {},
      ], [BIG, {}]] as const
    ) {
      await using temp = await tempFolder();
      const sink = await sinkOf(temp, { resume });
      await sink.take(JOB, transferOf(new Response(text, { headers: { ...headers, etag: '"1"' } })));
      assertEquals([await temp.list(), await temp.read("out/h/x/a.json") === text], [[
        "out/",
        "out/h/",
        "out/h/x/",
        "out/h/x/a.json",
      ], true]);
    }
  }
});

test("FileSink.take() begins the file again when the body does", async () => {
  await using temp = await tempFolder();
  const sink = await sinkOf(temp);
  await sink.take(JOB, transferOf(cut("old half"), [new Response("new")]));
  assertEquals(await temp.read("out/h/x/a.json"), "new");
});

test("FileSink.take() leaves no file when the body does not come to its end, and with --resume its part", async () => {
  for (const [resume, left] of [[false, 0], [true, 2]] as const) {
    await using temp = await tempFolder();
    const sink = await sinkOf(temp, { resume });
    const failing = [1, 2, 3, 4].map(() => cut("", { etag: '"1"', "content-range": "bytes 4-8/9" }, 206));
    await assertRejects(
      () => sink.take(JOB, transferOf(cut("half", { etag: '"1"' }), failing)),
      NetworkError,
      "cut",
    );
    const names = (await temp.list()).filter((name) => !name.endsWith("/"));
    assertEquals([names.length, names.includes("out/h/x/a.json")], [left, false]);
    assertEquals(await sink.find(JOB), resume ? { offset: 4, validator: '"1"' } : undefined);
  }
});

test("FileSink.has() knows with --resume alone what is there", async () => {
  await using temp = await tempFolder();
  await temp.folder("out/h/x/a.json.d");
  await temp.write("out/h/x/a.json", "1");
  const has = async (resume: boolean, url: string) => await (await sinkOf(temp, { resume })).has(jobOf(url));
  assertEquals(await has(false, "https://h/x/a.json"), false);
  assertEquals(await has(true, "https://h/x/a.json"), true);
  assertEquals(await has(true, "https://h/x/b.json"), false);
});

test("FileSink writes every file into the manifest, once, with the sum of what is on the disk", async () => {
  await using temp = await tempFolder();
  const path = `${temp.path}/manifest`;
  const manifestOf = async (known: readonly string[] = []) => {
    const file = await LineFile.open("manifest", path, files, known.length === 0 ? undefined : () => {});
    return { file, manifest: new ManifestWriter(file, new Set(known)) };
  };
  const first = await manifestOf();
  const sink = await sinkOf(temp, { manifest: first.manifest });
  await sink.take(JOB, transferOf(new Response("abc", { headers: { "content-length": "3", etag: '"1"' } })));
  await sink.take(jobOf("https://user:pw@h/b.json"), transferOf(new Response("abc")));
  await first.file[Symbol.asyncDispose]();
  const digest = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  const lines = (await temp.read("manifest")).trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines, [
    { url: "https://h/x/a.json", file: "h/x/a.json", bytes: 3, status: 200, etag: '"1"', digest },
    { url: "https://***@h/b.json", file: "h/b.json", bytes: 3, status: 200, digest },
  ]);
  const second = await manifestOf(["h/x/a.json"]);
  const again = await sinkOf(temp, { manifest: second.manifest, resume: true });
  assertEquals([await again.has(JOB), await again.has(jobOf("https://h/b.json"))], [true, true]);
  await second.file[Symbol.asyncDispose]();
  const added = (await temp.read("manifest")).trimEnd().split("\n").map((line) => JSON.parse(line)).slice(2);
  assertEquals(added, [{ url: "https://h/b.json", file: "h/b.json", bytes: 3, digest }]);
});

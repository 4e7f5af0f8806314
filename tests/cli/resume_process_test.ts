import { assert, assertEquals, assertMatch } from "@std/assert";
import { readFileSync } from "node:fs";
import { ignoresHangup, STATUS } from "../../src/runtime/terminal/end_signals.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { type CliProcess, runCli, startCli } from "../support/cli_process.ts";
import { contentOf, rangeServer } from "../support/range_server.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";

const KILLS = 20;
const LARGE_BYTES = 6_000_000;
const SMALL_BYTES = 3_000;
const SMALL_FILES = 60;
const LARGE_FILES = 3;
/** The bytes of each file that may be in flight when a process is killed: the buffers of both sides. */
const IN_FLIGHT_BYTES = 3_000_000;

const PATHS = [
  ...Array.from({ length: LARGE_FILES }, (_, index) => `/large/${index}.bin`),
  ...Array.from({ length: SMALL_FILES }, (_, index) => `/small/${index}.json`),
];
const lengthOf = (path: string): number => path.startsWith("/large/") ? LARGE_BYTES : SMALL_BYTES;
const TOTAL_BYTES = PATHS.reduce((sum, path) => sum + lengthOf(path), 0);

async function readAll(path: string): Promise<Uint8Array> {
  const { readFile } = await import("node:fs/promises");
  return await readFile(path);
}

test("slipstream get --out --resume as a process, killed at any moment, completes all files in the end", async () => {
  const random = seededRandom(11);
  await using temp = await tempFolder();
  let cli: CliProcess | undefined;
  let killAt = Infinity;
  await using server = await rangeServer({
    lengthOf,
    onSent: (bytes) => {
      if (bytes < killAt) return;
      killAt = Infinity;
      cli?.kill();
    },
  });
  await temp.write("urls", PATHS.map((path) => `${server.url}${path}`).join("\n"));
  const args = [
    "get",
    "--quiet",
    "--concurrency",
    "8",
    "--out",
    `${temp.path}/out`,
    "--manifest",
    `${temp.path}/manifest`,
  ];
  const resumed = [...args, "--resume", `@${temp.path}/urls`];
  const host = new URL(server.url).host.replace(":", "_");
  let killed = 0;
  for (let round = 0; round < KILLS; round++) {
    // Kill early in the run and late, between small files and in the middle of large ones.
    killAt = server.sent + random() * 2 * TOTAL_BYTES / KILLS;
    cli = await startCli(resumed, { input: "" });
    const { code } = await cli.ended;
    if (code !== 0) killed++;
    // A file with its final name is complete.
    for (
      const name of (await temp.list()).filter((name) =>
        /\.(?:bin|json)$/.test(name) && name.startsWith("out/") && !name.includes(".part")
      )
    ) {
      const path = name.slice(`out/${host}`.length);
      assertEquals((await readAll(`${temp.path}/${name}`)).length, lengthOf(path), name);
    }
  }
  killAt = Infinity;
  const last = await runCli(resumed);
  assertEquals([last.code, last.stderr], [0, ""]);
  assert(killed >= 5, `killed ${killed} times`);
  const files = (await temp.list()).filter((name) => name.startsWith("out/") && !name.endsWith("/"));
  assertEquals(files, PATHS.map((path) => `out/${host}${path}`).sort());
  for (const path of PATHS) {
    const content = await readAll(`${temp.path}/out/${host}${path}`);
    assertEquals(content.length, lengthOf(path));
    const expected = contentOf(path, 0, content.length);
    assertEquals(content.findIndex((byte, index) => byte !== expected[index]), -1, path);
  }
  const twice = server.sent - TOTAL_BYTES;
  assert(twice <= killed * (LARGE_FILES * IN_FLIGHT_BYTES + 8 * SMALL_BYTES), `${twice} bytes came twice`);
  const named = (await temp.read("manifest")).trimEnd().split("\n").map((line) => JSON.parse(line).file);
  assertEquals(named.sort(), PATHS.map((path) => `${host}${path}`).sort());
});

test("slipstream get --ndjson --output --resume as a process, killed at any moment, has every line once", async () => {
  const random = seededRandom(12);
  await using temp = await tempFolder();
  let cli: CliProcess | undefined;
  let killAt = Infinity;
  await using server = await rangeServer({
    lengthOf: () => SMALL_BYTES,
    onSent: (bytes) => {
      if (bytes < killAt) return;
      killAt = Infinity;
      cli?.kill();
    },
  });
  const count = 200;
  await temp.write("urls", Array.from({ length: count }, (_, index) => `${server.url}/${index}`).join("\n"));
  const args = ["get", "--quiet", "--ndjson", "-o", `${temp.path}/lines`, "--resume", `@${temp.path}/urls`];
  for (let round = 0; round < 8; round++) {
    killAt = server.sent + random() * 2 * count * SMALL_BYTES / 8;
    cli = await startCli(args, { input: "" });
    await cli.ended;
  }
  killAt = Infinity;
  assertEquals((await runCli(args)).code, 0);
  const lines = (await temp.read("lines")).trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(
    lines.map(({ index }) => index).sort((a, b) => a - b),
    Array.from({ length: count }, (_, index) => index),
  );
  assertEquals(lines.every(({ ok, index, url }) => ok && url.endsWith(`/${index}`)), true);
  // Requests that were in flight, and answers that had arrived and were about to be written.
  assert(server.requests.length <= count + 8 * 2 * 20, `${server.requests.length} requests`);
});

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Whether SIGHUP works: under `nohup` it is ignored, also in another process. */
const isHangupObeyed = ignoresHangup(() => readFileSync(STATUS, "utf8")) === false;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"] as const) {
  if (signal === "SIGHUP" && !isHangupObeyed) continue;
  test(`slipstream get --out as a process leaves no partial file under its final name at ${signal}`, async () => {
    await using temp = await tempFolder();
    const running: { cli?: CliProcess } = {};
    let isSent = false;
    await using server = await rangeServer({
      lengthOf: (path) => path === "/small.json" ? 2 : 500_000_000,
      onSent: (bytes) => {
        if (isSent || bytes < 2_000_000) return;
        isSent = true;
        running.cli?.signal(signal);
      },
    });
    const urls = ["/small.json", "/a.bin", "/b.bin"].map((path) => server.url + path);
    // One after the other, so that the small file has arrived by the time of the signal. It may or may not have been
    // written.
    const args = ["get", "--concurrency", "1", "--out", `${temp.path}/out`, ...urls];
    running.cli = await startCli(args, { input: "" });
    const { code, stderr } = await running.cli.ended;
    const names = (await temp.list()).filter((name) => !name.endsWith("/")).map((name) =>
      name.split("/").at(-1)!
    );
    assertEquals(names.includes("a.bin") || names.includes("b.bin"), false);
    if (signal === "SIGKILL") return;
    assertEquals(code, EXIT_CODES[signal]);
    assertEquals(names.filter((name) => name !== "small.json"), []);
    assertMatch(stderr, /^Interrupted: (?:1 done, 2 not done|0 done, 3 not done), /);
  });
}

test("slipstream get --out as a process that ignores SIGHUP goes on when its terminal is closed", async () => {
  await using temp = await tempFolder();
  const running: { cli?: CliProcess } = {};
  let isSent = false;
  await using server = await rangeServer({
    lengthOf: () => 20_000_000,
    onSent: (bytes) => {
      if (isSent || bytes < 2_000_000) return;
      isSent = true;
      running.cli?.signal("SIGHUP");
    },
  });
  const args = ["get", "--out", `${temp.path}/out`, `${server.url}/a.bin`];
  running.cli = await startCli(args, { input: "", nohup: true });
  assertEquals((await running.cli.ended).code, 0);
  assertEquals(isSent, true);
});

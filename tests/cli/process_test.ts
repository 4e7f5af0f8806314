import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createSimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import { runCli, startCli } from "../support/cli_process.ts";
import { serveHttpHere } from "../support/net_servers.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";

test("slipstream as a process fetches from real sockets: arguments, stdin and files", async () => {
  await using cdn = createSimulatedCdn({
    resources: (path) => path === "/missing" ? undefined : { body: `body of ${path}` },
  });
  const { url } = await cdn.listen();
  await using temp = await tempFolder();
  await temp.write("urls.txt", `${url}/a/b.txt\nhtps:/nope\n${url}/c.txt\n`);

  const one = await runCli(["get", `${url}/one`]);
  assertEquals(one, { code: 0, stdout: "body of /one", stderr: "" });

  const piped = await runCli(["get", "--ordered", "-"], { input: `${url}/1\n${url}/missing\n` });
  assertEquals(piped.code, 1);
  assertEquals(piped.stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line).ok), [true, false]);
  assertMatch(piped.stderr, /^-:2: .*\/missing.*\n1 done, 1 failed, /);

  const listed = await runCli(["get", `@${temp.path}/urls.txt`, "--out", `${temp.path}/out`, "--quiet"]);
  assertEquals([listed.code, listed.stdout], [1, ""]);
  assertStringIncludes(
    listed.stderr,
    "urls.txt:2: Cannot fetch as the URL must be http or https: received 'htps:/nope'\n",
  );
  const host = new URL(url).host.replace(":", "_");
  assertEquals((await temp.list()).filter((path) => path.endsWith(".txt")), [
    `out/${host}/a/b.txt`,
    `out/${host}/c.txt`,
    "urls.txt",
  ]);
});

test("slipstream as a process uses the given host header, for all URLs or for one", async () => {
  await using server = await serveHttpHere();
  await using temp = await tempFolder();
  const url = `http://127.0.0.1:${server.port}/`;
  const { stdout } = await runCli(["get", "-H", "Host: all.test", url]);
  assertEquals(JSON.parse(stdout).host, "all.test");
  await temp.write("urls.txt", `${url}\n  header=Host: one.test\n${url}?2\n`);
  const lines = (await runCli(["get", "--ordered", `@${temp.path}/urls.txt`])).stdout.trimEnd().split("\n");
  assertEquals(lines.map((line) => JSON.parse(line).value.host), ["one.test", `127.0.0.1:${server.port}`]);
});

test("slipstream as a process writes all files where it has fewer descriptors than requests to send at once", async () => {
  // So slow that all are in flight that may be.
  await using cdn = createSimulatedCdn({ resources: (path) => ({ json: { path } }), latency: 50 });
  const { url } = await cdn.listen();
  await using temp = await tempFolder();
  const urls = Array.from({ length: 300 }, (_, index) => `${url}/${index}.json`);
  const args = ["get", "--concurrency", "200", "--out", `${temp.path}/out`, "-"];
  const { code, stderr } = await runCli(args, { input: urls.join("\n"), descriptors: 64 });
  assertMatch(stderr, /^warning: --concurrency 200 may need .* the limit is 64 .*: 12 at once\n300 done, /);
  assertEquals([code, cdn.log.requests, cdn.log.peakOpenRequests <= 12], [0, 300, true]);
  const host = new URL(url).host.replace(":", "_");
  assertEquals(
    (await temp.list()).filter((path) => path.endsWith(".json")).sort(),
    urls.map((_, index) => `out/${host}/${index}.json`).sort(),
  );
});

test("slipstream as a process ends with 2 and its usage when a flag does not exist", async () => {
  const { code, stdout, stderr } = await runCli(["get", "--nope"]);
  assertEquals([code, stdout], [2, ""]);
  assertMatch(stderr, /^slipstream: Unknown flag: --nope\nUsage: slipstream get /);
});

test("slipstream as a process ends with 130 at Ctrl-C, with finished work on stdout, while stdin stays open", async () => {
  const stalled = Promise.withResolvers<void>();
  await using cdn = createSimulatedCdn({
    resources: { "/fine": "{}", "/stalled": "{}" },
    faults: [{ kind: "stall", match: ({ path }) => path === "/stalled" && (stalled.resolve(), true) }],
  });
  const { url } = await cdn.listen();
  const cli = await startCli(["get", "--concurrency", "1", `${url}/fine`, `${url}/stalled`, "-"]);
  await stalled.promise;
  cli.interrupt();
  const { code, stdout, stderr } = await cli.ended;
  assertEquals([code, stdout.split("\n").length], [130, 2]);
  assertMatch(stderr, /^Interrupted: 1 done, the rest not done, /);
});

test("slipstream as a process ends at Ctrl-C, while a pipe that lists URLs has no writer yet", async () => {
  const { execFileSync } = await import("node:child_process");
  const stalled = Promise.withResolvers<void>();
  await using cdn = createSimulatedCdn({
    resources: { "/stalled": "{}" },
    faults: [{ kind: "stall", match: () => (stalled.resolve(), true) }],
  });
  const { url } = await cdn.listen();
  await using temp = await tempFolder();
  execFileSync("mkfifo", [`${temp.path}/urls`]);
  const cli = await startCli(["get", `${url}/stalled`, `@${temp.path}/urls`]);
  await stalled.promise;
  cli.interrupt();
  const { code, stderr } = await cli.ended;
  assertEquals(code, 130);
  assertMatch(stderr, /^Interrupted: 0 done, the rest not done, /);
});

test("slipstream as a process ends quietly when the reader of its stdout has left", async () => {
  await using cdn = createSimulatedCdn({ resources: () => ({ body: "x".repeat(100_000) }) });
  const { url } = await cdn.listen();
  const input = Array.from({ length: 200 }, (_, index) => `${url}/${index}\n`).join("");
  const cli = await startCli(["get", "-"], { input });
  cli.closeStdout();
  const { code, stderr } = await cli.ended;
  assertEquals([code, stderr], [0, ""]);
  assertEquals(cdn.log.requests < 200, true);
});

test("slipstream as a process ends at the first write that fails, and says so once, if its stdout is full", async () => {
  await using cdn = createSimulatedCdn({ resources: () => ({ body: "{}" }) });
  const { url } = await cdn.listen();
  const input = Array.from({ length: 500 }, (_, index) => `${url}/${index}\n`).join("");
  for (const flags of [[], ["--ordered"], ["--fail-fast"]]) {
    const before = cdn.log.requests;
    const { code, stderr } = await runCli(["get", ...flags, "-"], { input, full: 1 });
    assertEquals(code, 1);
    assertMatch(stderr, /^stdout: [^\n]*o space left[^\n]*\nStopped as [^\n]* 0 done, 1 failed, [^\n]*\n$/);
    assert(cdn.log.requests - before < 200, String(cdn.log.requests));
  }
  for (const flags of [[], ["--include"]]) {
    const { code, stderr } = await runCli(["get", ...flags, `${url}/one`], { full: 1 });
    assertEquals(code, 1);
    assertMatch(stderr, /^stdout: [^\n]*o space left[^\n]*\n$/);
  }
});

test("slipstream as a process fetches everything if its stderr is full", async () => {
  await using cdn = createSimulatedCdn({ resources: (path) => path === "/0" ? undefined : { body: "{}" } });
  const { url } = await cdn.listen();
  for (const [first, code] of [[0, 1], [1, 0]] as const) {
    const input = Array.from({ length: 100 }, (_, index) => `${url}/${first + index}\n`).join("");
    const run = await runCli(["get", "--verbose", "-"], { input, full: 2 });
    assertEquals([run.code, run.stdout.split("\n").length], [code, 101]);
  }
});

test("slipstream demo as a process loads a race", async () => {
  const { code, stdout, stderr } = await runCli([
    "demo",
    "--drivers",
    "2",
    "--laps",
    "3",
    "--latency",
    "1ms",
  ]);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(
    stdout,
    /\nAll files were loaded: 12 in .* from memory, and by a new process in .* from disk\.\n$/,
  );
});

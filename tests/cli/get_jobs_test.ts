import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { main } from "../../src/cli/main.ts";
import type { FaultRule } from "../../src/middleware/faults/fault.ts";
import { systemClock } from "../../src/primitives/clock.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import type { Resources } from "../../src/testing/resource.ts";
import { createSimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import type { TerminalFiles } from "../../src/runtime/terminal/contract.ts";
import { currentTerminal } from "../../src/runtime/terminal/current.ts";
import { loadDownloads } from "../support/load_downloads.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";
import { type FakeFiles, FakeTerminal } from "./fake_terminal.ts";

await loadDownloads();

const { files } = currentTerminal();

const HOST = "https://cdn.test";

interface Options<F extends TerminalFiles> {
  readonly faults?: readonly FaultRule[];
  readonly resources?: Resources;
  readonly terminal?: FakeTerminal<F>;
}

async function get<F extends TerminalFiles = FakeFiles>(
  args: readonly string[],
  { faults = [], resources = (path) => ({ json: { path } }), terminal = new FakeTerminal() }: Options<F> = {},
) {
  const clock = new ManualClock();
  // A manual clock would not wait for a disk.
  const isOnDisk = (terminal.files as TerminalFiles) === files;
  const time = isOnDisk ? systemClock : clock;
  const cdn = createSimulatedCdn({ resources, faults, latency: 10, clock: time });
  const ending = main(["get", ...args], terminal, { fetch: cdn.fetch, clock: time });
  const code = isOnDisk ? await ending : await clock.run(ending);
  const lines = terminal.stdout.text.split("\n").filter((line) => line.startsWith("{")).map((line) =>
    JSON.parse(line)
  );
  return {
    code,
    cdn,
    clock,
    lines,
    stdout: terminal.stdout.text,
    stderr: terminal.stderr.text,
  };
}

/** A terminal with files on the disk. */
const onDisk = () => new FakeTerminal(files);

const filesOf = (names: readonly string[]) => names.filter((name) => !name.endsWith("/"));

const urlsOf = (count: number, prefix = "") =>
  Array.from({ length: count }, (_, index) => `${HOST}/${prefix}${index}`);

test("runGetJobs() quotes an error answer on stderr, in one line, and unchanged with --json-errors", async () => {
  const resources: Resources = () => ({ status: 422, body: '{"detail":\n "why\u001b[2J"}' });
  const { code, stderr, stdout } = await get([`${HOST}/a`], { resources });
  assertEquals([code, stdout], [1, ""]);
  assertMatch(
    stderr,
    /^argument 1: GET https:\/\/cdn\.test\/a was answered with 422 \(1 attempt\): \{"detail": "why \[2J"\}\n$/,
  );
  const told = await get(["--json-errors", `${HOST}/a`], { resources });
  assertEquals(JSON.parse(told.stderr).body, '{"detail":\n "why\u001b[2J"}');
});

test("runGetJobs() writes the body of an error answer like other bodies with --fail-with-body, and still fails", async () => {
  const resources: Resources = () => ({ status: 404, body: "not here" });
  const single = await get(["--fail-with-body", `${HOST}/a`], { resources });
  assertEquals([single.code, single.stdout, single.stderr.includes("not here")], [1, "not here", false]);
  await using temp = await tempFolder();
  const out = ["--out", `${temp.path}/o`, ...urlsOf(2)];
  const without = await get(out, { resources, terminal: onDisk() });
  assertEquals([without.code, filesOf(await temp.list())], [1, []]);
  const folder = await get(["--fail-with-body", ...out], { resources, terminal: onDisk() });
  assertEquals([folder.code, await temp.read("o/cdn.test/0.body")], [1, "not here"]);
});

test("runGetJobs() --fail-with-body beside --ndjson writes one line for an answer that failed, with its body", async () => {
  const { code, lines } = await get(["--fail-with-body", "--ndjson", `${HOST}/a`], {
    resources: () => ({ status: 400, body: '{"a":1}' }),
  });
  assertEquals(code, 1);
  assertEquals(lines.length, 1);
  assertEquals([lines[0].ok, lines[0].value, lines[0].error.status], [false, { a: 1 }, 400]);
});

test("runGetJobs() sends the method, headers and body of the flags, but prefers those of an input", async () => {
  const terminal = new FakeTerminal();
  terminal.files.contents.set(
    "f",
    [`${HOST}/1`, `${HOST}/2`, "  method=DELETE", "  header=x-b: own"].join("\n"),
  );
  const { cdn, code } = await get(["-X", "PUT", "-H", "x-a: 1", "-H", "x-b: 2", "-u", "me:pw", "@f"], {
    terminal,
  });
  assertEquals(code, 0);
  const seen = cdn.log.entries.map((
    { method, path, headers },
  ) => [method, path, headers["x-a"], headers["x-b"], headers.authorization]);
  assertEquals(seen.sort(), [["DELETE", "/2", "1", "own", "Basic bWU6cHc="], [
    "PUT",
    "/1",
    "1",
    "2",
    "Basic bWU6cHc=",
  ]]);
});

test("runGetJobs() gives requests for one URL with different bodies a file each", async () => {
  await using temp = await tempFolder();
  const terminal = onDisk();
  terminal.stdin = [1, 2, 1].map((id) => `{"url":"${HOST}/q.json","body":{"id":${id}}}`);
  const { code } = await get(["--out", `${temp.path}/o`, "-"], { terminal });
  assertEquals([code, filesOf(await temp.list()).length], [0, 2]);
});

test("runGetJobs() gives requests for one URL with different headers a file each", async () => {
  await using temp = await tempFolder();
  const terminal = onDisk();
  terminal.stdin = ["de", "fr", "de"].map((language) =>
    `{"url":"${HOST}/q.json","headers":{"accept-language":"${language}"}}`
  );
  const { code } = await get(["--out", `${temp.path}/o`, "-"], { terminal });
  assertEquals([code, filesOf(await temp.list()).length], [0, 2]);
});

test("runGetJobs() fetches a URL that is given without its scheme", async () => {
  const { code, stdout } = await get([HOST.replace("https://", "") + "/a"]);
  assertEquals([code, stdout], [0, '{"path":"/a"}']);
});

test("runGetJobs() requests relative URLs from mirrors, and names files after the first", async () => {
  const base = ["--base-url", "https://a.test/x", "--base-url", "https://b.test/y"];
  const faults: FaultRule[] = [{ kind: "status", status: 500, match: /^\/x\// }];
  await using temp = await tempFolder();
  const { code, cdn } = await get([
    ...base,
    "--out",
    `${temp.path}/o`,
    "1.json",
    "/2.json",
    "https://c.test/3.json",
  ], { faults, terminal: onDisk() });
  assertEquals(code, 0);
  assertEquals(filesOf(await temp.list()), ["o/a.test/x/1.json", "o/a.test/x/2.json", "o/c.test/3.json"]);
  const paths = cdn.log.entries.map(({ path }) => path);
  assertEquals(["/x/2.json", "/y/2.json", "/3.json"].map((path) => paths.includes(path)), [true, true, true]);
});

test("runGetJobs() --total-timeout ends a job that retries, and no other", async () => {
  const faults: readonly FaultRule[] = [{ kind: "status", status: 503, match: "/a" }, {
    kind: "stall",
    match: "/a",
  }];
  for (const [index, name] of ["HttpError", "TimeoutError"].entries()) {
    const { code, lines, clock } = await get(["--total-timeout", "5", "--ndjson", `${HOST}/a`, `${HOST}/b`], {
      faults: [faults[index]!],
    });
    assertEquals([code, clock.now() < 6_000], [1, true]);
    const failed = lines.find(({ ok }) => !ok);
    assertEquals([failed.url, failed.error.name, lines.length], [`${HOST}/a`, name, 2]);
  }
});

test("runGetJobs() --total-timeout ends no job that only waits for its turn or for a token", async () => {
  const slow: readonly FaultRule[] = [{ kind: "slow", match: /slow/, latency: 700 }];
  const args = ["--total-timeout", "1", "--ndjson", "--ordered"];
  for (
    const [flags, urls] of [
      [["--concurrency", "1"], urlsOf(5, "slow/")],
      [["--concurrency", "4"], urlsOf(20, "slow/")],
      [["--rate", "4", "--burst", "1"], urlsOf(20)],
      [["--rate", "4", "--burst", "1", "--concurrency", "2"], urlsOf(9, "slow/")],
      [["--rate", "200"], urlsOf(500)],
    ] as const
  ) {
    const { code, lines } = await get([...args, ...flags, ...urls], { faults: slow });
    assertEquals([code, lines.length], [0, urls.length], flags.join(" "));
  }
});

test("runGetJobs() --ordered makes lines, but no requests, wait for a job that sleeps", async () => {
  const faults: FaultRule[] = [{ kind: "status", status: 503, match: /bad/, times: 1 }];
  const urls = [...urlsOf(1, "bad"), ...urlsOf(300)];
  for (const flags of [[], ["--total-timeout", "60"]]) {
    const { code, cdn, lines } = await get(
      ["--ndjson", "--ordered", "--concurrency", "4", ...flags, ...urls],
      {
        faults,
      },
    );
    assertEquals([code, lines.map(({ url }) => url)], [0, urls]);
    const paths = cdn.log.entries.map(({ path }) => path);
    assertEquals([paths.length, paths.lastIndexOf("/bad0")], [302, 301], flags.join(" "));
  }
});

test("runGetJobs() makes no job wait for one that sleeps", async () => {
  const faults: FaultRule[] = [{ kind: "status", status: 500, match: /bad/, times: 8 }];
  const { code, clock, lines } = await get([
    "--concurrency",
    "2",
    "--breaker",
    "off",
    "--ndjson",
    ...urlsOf(8, "bad"),
    ...urlsOf(20),
  ], { faults });
  assertEquals([code, lines.length], [0, 28]);
  const fine = lines.findIndex(({ url }) => url.includes("bad"));
  assertEquals(fine, 20);
  assert(clock.now() < 5_000, String(clock.now()));
});

test("runGetJobs() loses no URL of an origin that is down for three seconds, nor delays another origin", async () => {
  const clock = new ManualClock();
  const isDown = ({ path }: { readonly path: string }) =>
    path.startsWith("/down/") && clock.now() > 100 && clock.now() < 3_100;
  const cdn = createSimulatedCdn({
    resources: () => ({ json: 1 }),
    faults: [{ kind: "status", status: 503, match: isDown }],
    latency: 10,
    clock,
  });
  const terminal = new FakeTerminal();
  const urls = Array.from(
    { length: 400 },
    (_, index) => [`${HOST}/down/${index}`, `https://other.test/${index}`],
  );
  const code = await clock.run(
    main(["get", "--ndjson", ...urls.flat()], terminal, { fetch: cdn.fetch, clock }),
  );
  const lines = terminal.stdout.text.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals([code, lines.length, lines.filter(({ ok }) => ok).length], [0, 800, 800]);
  const others = cdn.log.entries.filter(({ path }) => !path.startsWith("/down/"));
  assertEquals([others.length, cdn.log.entries.some(({ status }) => status === 503)], [400, true]);
  assert(Math.max(...others.map(({ atMs }) => atMs)) < 2_000, "the other origin was held up");
  assert(clock.now() < 9_000, String(clock.now()));
});

test("runGetJobs() --verbose says why it retries, and shows no secret", async () => {
  const { stderr, stdout } = await get([
    "-v",
    "--quiet",
    "-u",
    "me:s3cret",
    `https://a:s3cret@cdn.test/x?token=s3cret`,
  ], {
    faults: [{ kind: "status", status: 503, times: 1 }],
  });
  assertStringIncludes(stderr, "failed (503): retry 1 in ");
  assertEquals([stderr.includes("s3cret"), stdout], [false, '{"path":"/x"}']);
});

test("runGetJobs() --resume skips existing files, and says how many", async () => {
  await using temp = await tempFolder();
  await get(["--out", `${temp.path}/o`, ...urlsOf(2)], { terminal: onDisk() });
  const again = await get(["--out", `${temp.path}/o`, "--resume", ...urlsOf(4)], { terminal: onDisk() });
  assertEquals([again.code, again.cdn.log.requests], [0, 2]);
  assertMatch(again.stderr, /^2 done, 2 there already, /m);
});

test("runGetJobs() --resume adds to existing lines, retries failures, and removes a torn line", async () => {
  const terminal = new FakeTerminal();
  const args = ["--ndjson", "-o", "/lines", "--resume", "--ordered", ...urlsOf(5)];
  const first = await get(args, { terminal, faults: [{ kind: "status", status: 400, match: "/1" }] });
  assertEquals([first.code, first.cdn.log.requests], [1, 5]);
  terminal.files.contents.set("/lines", terminal.files.contents.get("/lines")!.slice(0, -7));
  const second = await get(args, { terminal });
  assertEquals([second.code, second.cdn.log.entries.map(({ path }) => path)], [0, ["/1", "/4"]]);
  const lines = terminal.files.contents.get("/lines")!.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines.map(({ index, ok }) => [index, ok]), [[0, true], [1, false], [2, true], [3, true], [
    1,
    true,
  ], [4, true]]);
});

for (const [signal, exitCode] of [["SIGTERM", 143], ["SIGHUP", 129]] as const) {
  test(`runGetJobs() stops at ${signal} as at Ctrl-C, with the exit code of that signal`, async () => {
    const clock = new ManualClock();
    const cdn = createSimulatedCdn({
      resources: () => ({ json: 1 }),
      faults: [{ kind: "stall", match: "/late" }],
      clock,
    });
    const terminal = new FakeTerminal();
    const done = main(["get", "--ordered", `${HOST}/late`, `${HOST}/a`], terminal, {
      fetch: cdn.fetch,
      clock,
    });
    await clock.advance(1_000);
    terminal.interrupt(signal);
    assertEquals(await clock.run(done), exitCode);
    assertMatch(terminal.stderr.text, /^Interrupted: /);
    assertEquals([cdn.log.openRequests, clock.pending], [0, 0]);
  });
}

test("runGetJobs() warns when the system allows fewer connections than requested", async () => {
  const terminal = new FakeTerminal();
  terminal.descriptors = 64;
  const { stderr, code } = await get(["--concurrency", "50", `${HOST}/a`], { terminal });
  assertEquals(code, 0);
  assertMatch(
    stderr,
    /^warning: --concurrency 50 may need 90 open files and sockets, and the limit is 64 \(ulimit -n\)\n$/,
  );
});

import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { main } from "../../src/cli/main.ts";
import type { FaultRule } from "../../src/middleware/faults/fault.ts";
import { type Clock, systemClock } from "../../src/primitives/clock.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import type { Resources } from "../../src/testing/resource.ts";
import { createSimulatedCdn, type SimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import type { TerminalFiles } from "../../src/runtime/terminal/contract.ts";
import { currentTerminal } from "../../src/runtime/terminal/current.ts";
import { loadDownloads } from "../support/load_downloads.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";
import { Exit, type FakeFiles, FakeTerminal } from "./fake_terminal.ts";

await loadDownloads();

const { files } = currentTerminal();

const HOST = "https://cdn.test";
const ANY: Resources = (path) => ({ json: { path } });

class Setup<F extends TerminalFiles = FakeFiles> {
  readonly terminal: FakeTerminal<F>;
  readonly clock: ManualClock = new ManualClock();
  readonly cdn: SimulatedCdn;

  /** The clock of the whole set-up: a manual clock would not wait for a disk. */
  readonly #time: Clock;

  constructor(
    resources: Resources = ANY,
    faults: readonly FaultRule[] = [],
    latency = 10,
    files?: F,
    time?: Clock,
  ) {
    this.#time = time ?? this.clock;
    this.terminal = new FakeTerminal(files);
    this.cdn = createSimulatedCdn({ resources, faults, latency, clock: this.#time });
  }

  start(...args: string[]): Promise<number> {
    return main(["get", ...args], this.terminal, { fetch: this.cdn.fetch, clock: this.#time });
  }

  get(...args: string[]): Promise<number> {
    const ending = this.start(...args);
    return this.#time === this.clock ? this.clock.run(ending) : ending;
  }

  get lines(): { url: string; ok: boolean; [field: string]: unknown }[] {
    return this.terminal.stdout.text.split("\n").slice(0, -1).map((line) => JSON.parse(line));
  }

  get errors(): string {
    return this.terminal.stderr.text;
  }
}

/** A set-up with files on the disk. */
const onDisk = (resources?: Resources) => new Setup(resources, [], 10, files, systemClock);

const filesOf = (names: readonly string[]) => names.filter((name) => !name.endsWith("/"));

test("slipstream get writes the body of one URL to stdout, as it is, and nothing else", async () => {
  const body = '{ "a": 1.0,\n  "b": [] }';
  const setup = new Setup({ "/a.json": body });
  assertEquals(await setup.get(`${HOST}/a.json`), 0);
  assertEquals([setup.terminal.stdout.text, setup.errors], [body, ""]);
});

test("slipstream get writes lines of JSON for several URLs, and a summary to stderr", async () => {
  const setup = new Setup({ "/a": '{"x":\n1.0}', "/b": "plain" });
  assertEquals(await setup.get(`${HOST}/a`, `${HOST}/b`), 0);
  assertEquals(setup.lines.map(({ durationMs: _, ...line }) => line), [
    { index: 0, url: `${HOST}/a`, ok: true, from: "network", attempts: 1, value: { x: 1 } },
    { index: 1, url: `${HOST}/b`, ok: true, from: "network", attempts: 1, text: "plain" },
  ]);
  assertStringIncludes(setup.terminal.stdout.text, '"value":{"x": 1.0}');
  assertEquals(setup.errors, "2 done, 15 B in 10 ms, 200/s\n");
});

test("slipstream get --ndjson makes a line of one URL too", async () => {
  const setup = new Setup();
  await setup.get("--ndjson", `${HOST}/a`);
  assertEquals(setup.lines.map(({ value }) => value), [{ path: "/a" }]);
});

test("slipstream get writes lines as they complete, and with --ordered in the order of the URLs", async () => {
  const faults: FaultRule[] = [{ kind: "slow", match: "/slow", latency: 500 }];
  const urls = [`${HOST}/slow`, "nonsense", `${HOST}/b`];
  const asTheyCome = new Setup(ANY, faults);
  assertEquals(await asTheyCome.get(...urls), 1);
  assertEquals(asTheyCome.lines.map(({ url }) => url), ["nonsense", `${HOST}/b`, `${HOST}/slow`]);
  const ordered = new Setup(ANY, faults);
  assertEquals(await ordered.get("--ordered", ...urls), 1);
  assertEquals(ordered.lines.map(({ url }) => url), urls);
});

test("slipstream get reports a malformed URL with its line number, and fetches the rest", async () => {
  const setup = new Setup();
  const lines = [
    "# list",
    "",
    `${HOST}/1`,
    `${HOST}/2`,
    "ftp://cdn.test/x",
    "file:///etc/passwd",
    "htps:/nope",
    `${HOST}/3`,
  ];
  setup.terminal.files.contents.set("urls.txt", lines.join("\n"));
  assertEquals(await setup.get("@urls.txt", "--quiet"), 1);
  assertEquals(setup.errors.split("\n").slice(0, -1), [
    "urls.txt:5: Cannot fetch as the URL must be http or https: received 'ftp://cdn.test/x'",
    "urls.txt:6: Cannot fetch as the URL must be http or https: received 'file:///etc/passwd'",
    "urls.txt:7: Cannot fetch as the URL must be http or https: received 'htps:/nope'",
  ]);
  assertEquals(setup.lines.filter(({ ok }) => ok).map(({ url }) => url), [
    `${HOST}/1`,
    `${HOST}/2`,
    `${HOST}/3`,
  ]);
  assertEquals(setup.lines.length, 6);
  assertEquals(setup.cdn.log.requests, 3);
});

test("slipstream get asks whether a failed argument that is the name of a file was meant as a list", async () => {
  const setup = new Setup({}, [{ kind: "refuse", match: ({ url }) => new URL(url).host === "urls.txt" }]);
  for (const name of ["urls.txt", "list", "dir"]) setup.terminal.files.contents.set(name, `${HOST}/1`);
  assertEquals(await setup.get("--retries", "0", "urls.txt", "list", "other", `${HOST}/missing`), 1);
  assertEquals(setup.errors.match(/^warning: .*$/gm), [
    "warning: list is a file: did you mean '@list', to fetch the URLs in it?",
    "warning: urls.txt is a file: did you mean '@urls.txt', to fetch the URLs in it?",
  ]);
  const fine = new Setup();
  fine.terminal.files.contents.set("cdn.test", "");
  assertEquals([await fine.get("cdn.test"), fine.errors], [0, ""]);
});

test("slipstream get names every failure, with its status in the line of JSON", async () => {
  const setup = new Setup((path) => path === "/gone" ? undefined : { json: 1 }, [
    { kind: "status", match: "/bad", status: 400 },
  ]);
  assertEquals(await setup.get(`${HOST}/gone`, `${HOST}/bad`, `${HOST}/fine`), 1);
  const failures = setup.lines.filter(({ ok }) => !ok).map((
    { url, error },
  ) => [url, (error as { status: number }).status]);
  assertEquals(failures, [[`${HOST}/gone`, 404], [`${HOST}/bad`, 400]]);
  assertMatch(setup.errors, /^argument 1: .*\/gone.*404.*\nargument 2: .*\/bad.*400.*\n1 done, 2 failed, /);
});

test("slipstream get --json-errors writes nothing but JSON to stderr", async () => {
  const setup = new Setup(() => undefined);
  setup.terminal.stderr.isTerminal = true;
  assertEquals(await setup.get("--json-errors", `${HOST}/gone`, "nonsense"), 1);
  const records = setup.errors.split("\n").slice(0, -1).map((line) => JSON.parse(line));
  assertEquals(records.map(({ where, subject, name, status }) => ({ where, subject, name, status })), [
    { where: "argument 2", subject: "nonsense", name: "TypeError", status: undefined },
    { where: "argument 1", subject: `${HOST}/gone`, name: "DataNotFoundError", status: 404 },
  ]);
});

test("slipstream get shows no secret of a URL on stderr", async () => {
  const setup = new Setup(() => undefined);
  assertEquals(await setup.get(`${HOST}/a?token=s3cret`, "ftp://user:s3cret@cdn.test/", "--ndjson"), 1);
  assert(!setup.errors.includes("s3cret"), setup.errors);
});

test("slipstream get passes its flags on to the client", async () => {
  const setup = new Setup(ANY, [{ kind: "status", status: 503, match: "/down" }]);
  const urls = Array.from({ length: 12 }, (_, index) => `${HOST}/${index}`);
  await setup.get("--concurrency", "3", "--header", "X-Key: one", "--header", "x-key: two", ...urls);
  assertEquals(setup.cdn.log.peakOpenRequests, 3);
  assertEquals(setup.cdn.log.entries[0]?.headers["x-key"], "one, two");
  await setup.get("--retries", "1", `${HOST}/down`);
  assertEquals(setup.cdn.log.entries.filter(({ path }) => path === "/down").length, 2);
});

test("slipstream get --rate limits the rate of requests", async () => {
  const setup = new Setup();
  const urls = Array.from({ length: 30 }, (_, index) => `${HOST}/${index}`);
  await setup.get("--rate", "10/s", "--burst", "5", ...urls);
  assert(setup.cdn.log.peakWithin(1_000) <= 15, String(setup.cdn.log.peakWithin(1_000)));
  assertEquals(setup.cdn.log.requests, 30);
});

test("slipstream get --timeout ends an attempt that hangs", async () => {
  const setup = new Setup(ANY, [{ kind: "stall" }]);
  assertEquals(await setup.get("--timeout", "2s", "--retries", "0", `${HOST}/a`), 1);
  assertStringIncludes(setup.errors, "/a");
  assertEquals(setup.clock.now() >= 2_000 && setup.clock.now() < 3_000, true);
});

test("slipstream get names flags, not options of the client, when a limit ends a request", async () => {
  const stall: FaultRule = { kind: "stall" };
  const down: FaultRule = { kind: "status", status: 503 };
  for (
    const [faults, flags, expected] of [
      [stall, ["--timeout", "2", "--retries", "0"], "brought nothing for '--timeout': 2 s\n"],
      [stall, ["--timeout", "2", "--retries", "0", "--ndjson"], "took longer than '--timeout': 2 s\n"],
      [stall, ["--total-timeout", "500ms"], "took longer than '--total-timeout': 500 ms"],
      [
        { kind: "retryAfter", status: 503, delayMs: 20_000 },
        ["--total-timeout", "5"],
        "as it would come after '--total-timeout')",
      ],
      [
        { kind: "retryAfter", status: 503, delayMs: 600_000 },
        [],
        "as it would have to wait longer than a minute)",
      ],
      [down, ["--breaker", "1", "--patience", "3"], "as its origin was down for longer than '--patience')"],
    ] as const
  ) {
    const setup = new Setup(ANY, [faults]);
    assertEquals(await setup.get(...flags, `${HOST}/a`), 1);
    assertStringIncludes(setup.errors, expected);
    assertEquals(/'[a-z]+Ms'/i.test(setup.errors + setup.terminal.stdout.text), false);
  }
});

test("slipstream get --fail-fast stops everything at the first failure", async () => {
  const setup = new Setup(ANY, [{ kind: "status", match: "/2", status: 400 }]);
  let pulled = 0;
  setup.terminal.stdin = (function* () {
    while (true) yield `${HOST}/${++pulled}`;
  })();
  assertEquals(await setup.get("--fail-fast", "--concurrency", "2", "-"), 1);
  assert(pulled < 10, String(pulled));
  assertEquals(setup.lines.filter(({ ok }) => !ok).length, 1);
  assertMatch(
    setup.errors,
    /^-:2: .*\nStopped at the first failure: \d+ done, 1 failed, the rest not done, /,
  );
  assertEquals(setup.cdn.log.openRequests, 0);
});

test("slipstream get --fail-fast --ordered stops at once, even if the failed job's line must wait for its turn", async () => {
  for (const flags of [[], ["--fail-with-body"]]) {
    const setup = new Setup(ANY, [
      { kind: "status", match: "/2", status: 400 },
      { kind: "stall", match: "/1" },
    ]);
    assertEquals(await setup.get("--fail-fast", "--ordered", ...flags, `${HOST}/1`, `${HOST}/2`), 1);
    assertEquals(setup.lines.map(({ index, ok }) => [index, ok]), [[1, false]]);
    assertMatch(setup.errors, /Stopped at the first failure: 0 done, 1 failed, 1 not done, /);
  }
});

test("slipstream get reads lines only as it can fetch them", async () => {
  const setup = new Setup();
  let pulled = 0;
  setup.terminal.stdin = (function* () {
    while (pulled < 100) {
      yield `${HOST}/${++pulled}`;
      const behind = pulled - setup.cdn.log.requests;
      if (behind > 10) throw new Error(`${behind} were pulled ahead`);
    }
  })();
  assertEquals(await setup.get("--concurrency", "4", "--quiet", "-"), 0);
  assertEquals([setup.errors, setup.lines.length], ["", 100]);
});

test("slipstream get stops cleanly at Ctrl-C, keeps finished work, and says so", async () => {
  const setup = new Setup(ANY, [{ kind: "stall", match: /late/ }]);
  const urls = Array.from({ length: 10 }, (_, index) => `${HOST}/${index}`);
  const done = setup.start(
    "--concurrency",
    "4",
    ...urls,
    `${HOST}/late1`,
    `${HOST}/late2`,
    `${HOST}/late3`,
    `${HOST}/late4`,
    `${HOST}/never`,
  );
  await setup.clock.advance(1_000);
  assertEquals(setup.cdn.log.openRequests, 4);
  setup.terminal.interrupt();
  assertEquals(await done, 130);
  assertEquals(setup.lines.map(({ url }) => url), urls);
  assertMatch(setup.errors, /^Interrupted: 10 done, 5 not done, /);
  assertEquals([setup.cdn.log.openRequests, setup.cdn.log.requests], [0, 14]);
  assertEquals([setup.terminal.interruptListeners, setup.clock.pending], [0, 0]);
});

test("slipstream get does not wait for ever for a reader that has stopped reading, after a signal", async () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    for (const isStderrRead of [true, false]) {
      const setup = new Setup();
      const { terminal, clock } = setup;
      const codes: number[] = [];
      terminal.exit = (code) => void codes.push(code) as never;
      const read = Promise.withResolvers<boolean>();
      terminal.stdout.write = () => read.promise;
      if (!isStderrRead) terminal.stderr.write = () => read.promise;
      const done = setup.start("--quiet", `${HOST}/1`, `${HOST}/2`);
      await clock.advance(1_000);
      terminal.interrupt(signal);
      await clock.advance(4_000);
      assertEquals([codes, setup.errors], [[], ""]); // the reader may be slow
      await clock.advance(2_000);
      const code = signal === "SIGINT" ? 130 : 143;
      assertEquals(codes, [code]);
      if (isStderrRead) assertMatch(setup.errors, /^Interrupted: 0 done, 2 not done, [^\n]*\n$/);
      read.resolve(true);
      assertEquals([await done, clock.pending], [code, 0]);
    }
  }
});

test("slipstream get ends as soon as its reader has read the rest, after a signal", async () => {
  const setup = new Setup();
  const read = Promise.withResolvers<boolean>();
  setup.terminal.stdout.write = () => read.promise;
  const done = setup.start("--ndjson", `${HOST}/1`);
  await setup.clock.advance(1_000);
  setup.terminal.interrupt();
  await setup.clock.advance(1_000);
  read.resolve(true);
  assertEquals([await done, setup.clock.pending], [130, 0]);
  assertMatch(setup.errors, /^Interrupted: 1 done, 0 not done, [^\n]*\n$/);
});

test("slipstream get gives up a silent host, as a batch does, unless told how long to wait", async () => {
  const down: FaultRule[] = [{ kind: "reset", match: /./ }];
  const urls = Array.from({ length: 30 }, (_, index) => `${HOST}/${index}`);
  for (const given of [urls, urls.slice(0, 1)]) {
    for (const flags of [[], ["--on-open", "wait"]]) {
      const setup = new Setup(ANY, down);
      assertEquals(await setup.get(...flags, "--quiet", ...given), 1);
      assert(setup.clock.now() < 10_000, `${flags}: ${setup.clock.now()} ms`);
    }
  }
  const patient = new Setup(ANY, down);
  assertEquals(await patient.get("--patience", "20", "--quiet", ...urls), 1);
  assert(patient.clock.now() >= 20_000, `${patient.clock.now()} ms`);
});

test("slipstream get reports finished work at Ctrl-C even with --quiet, and ends while stdin is silent", async () => {
  const setup = new Setup();
  setup.terminal.stdin = (async function* () {
    yield `${HOST}/1`;
    await new Promise(() => {});
  })();
  const done = setup.start("--quiet", "-");
  await setup.clock.advance(1_000);
  setup.terminal.interrupt();
  assertEquals(await done, 130);
  assertEquals(setup.lines.length, 1);
  assertMatch(setup.errors, /^Interrupted: 1 done, the rest not done, /);
});

test("slipstream get ends at once at the second Ctrl-C", async () => {
  const setup = new Setup();
  const written = Promise.withResolvers<boolean>();
  setup.terminal.stdout.write = () => written.promise;
  const done = setup.start("--ndjson", `${HOST}/1`);
  await setup.clock.advance(1_000);
  setup.terminal.interrupt();
  const error = await assertRejects(() => new Promise(() => setup.terminal.interrupt()), Exit);
  assertEquals(error.code, 130);
  written.resolve(true);
  assertEquals(await done, 130);
});

test("slipstream get ends quietly when the reader of stdout has left", async () => {
  const setup = new Setup();
  setup.terminal.stdout.writesLeft = 2;
  let pulled = 0;
  setup.terminal.stdin = (function* () {
    while (true) yield `${HOST}/${++pulled}`;
  })();
  assertEquals(await setup.get("--concurrency", "2", "-"), 0);
  assertEquals([setup.lines.length, setup.errors], [2, ""]);
  assert(pulled < 10, String(pulled));
});

test("slipstream get --out writes a file for each body, and nothing to stdout", async () => {
  await using temp = await tempFolder();
  const setup = onDisk();
  assertEquals(await setup.get("--out", `${temp.path}/out`, `${HOST}/a/b.json`, `${HOST}/a/c.json`), 0);
  const files = ["out/cdn.test/a/b.json", "out/cdn.test/a/c.json"];
  assertEquals(filesOf(await temp.list()), files);
  assertEquals(await Promise.all(files.map((file) => temp.read(file))), [
    '{"path":"/a/b.json"}',
    '{"path":"/a/c.json"}',
  ]);
  assertEquals([setup.terminal.stdout.text, setup.errors.includes("2 done, ")], ["", true]);
});

test("slipstream get --out gives every URL a file of its own, in whatever order they come", async () => {
  const paths = [
    "users/1",
    "users/1/posts",
    "USERS/1",
    "a.json?x=1",
    "a.json?x=2",
    "a.json",
    "a.json#part",
    "a.json.part",
    "a.json.part.json",
    "/..%2f..%2fetc/passwd",
    "..%5c..%5cx",
  ];
  await using temp = await tempFolder();
  const urls = paths.map((path) => `${HOST}/${path}`);
  const resources: Resources = (path) => ({ body: path });
  const contents: string[][] = [];
  for (const [folder, given] of [["a", urls], ["b", urls.toReversed()]] as const) {
    assertEquals(await onDisk(resources).get("--out", `${temp.path}/${folder}`, ...given), 0);
    const files = filesOf(await temp.list()).filter((name) => name.startsWith(`${folder}/`));
    assertEquals(files.length, 10);
    for (const file of files) assertMatch(file, /^[ab]\/cdn\.test\/[^\\]+$/);
    assertEquals(files.filter((file) => /[^~]{9}\.part(?:\.json)?$/.test(file) && !file.includes("~")), []);
    contents.push(await Promise.all(files.map(async (file) => `${file.slice(1)} ${await temp.read(file)}`)));
  }
  assertEquals(contents[0], contents[1]);
  assertEquals(await temp.read("a/cdn.test/users/1.body"), "/users/1");
  assertEquals(await temp.read("a/cdn.test/users/1/posts.body"), "/users/1/posts");
});

test("slipstream get --out reports a file that can't be written, and writes the others", async () => {
  await using temp = await tempFolder();
  await temp.folder("out/cdn.test/2.body");
  const setup = onDisk();
  assertEquals(await setup.get("--out", `${temp.path}/out`, `${HOST}/1`, `${HOST}/2`, `${HOST}/3`), 1);
  assertEquals(filesOf(await temp.list()), ["out/cdn.test/1.body", "out/cdn.test/3.body"]);
  assertStringIncludes(
    setup.errors,
    `argument 2: ${HOST}/2: Cannot download to ${temp.path}/out/cdn.test/2.body`,
  );
  assertStringIncludes(setup.errors, "it is a folder\n");
  assertStringIncludes(setup.errors, "\n2 done, 1 failed, ");
});

test("slipstream get --resume --output completes a file that another program has left unfinished, and says so", async () => {
  await using temp = await tempFolder();
  const path = `${temp.path}/file`;
  await temp.write("file", "beg");
  const resources: Resources = { "/file": { body: "beginning and end" } };
  const setup = onDisk(resources);
  assertEquals(await setup.get("--resume", "--output", path, `${HOST}/file`), 0);
  assertEquals([await temp.list(), await temp.read("file")], [["file"], "beginning and end"]);
  assertStringIncludes(
    setup.errors,
    `warning: ${path} has 3 bytes, and 17 on the server: it is fetched anew\n1 done, `,
  );
  const again = onDisk(resources);
  assertEquals(await again.get("--resume", "--output", path, `${HOST}/file`), 0);
  assertMatch(again.errors, /^0 done, 1 there already, /);
  assertEquals(await onDisk({}).get("--resume", "--output", path, `${HOST}/file`), 0);
});

test("slipstream get leaves no folder behind that it has made and written nothing into", async () => {
  for (
    const args of [["--out", "new"], ["--out", "old"], ["--out", "old", "--resume"], [
      "--output",
      "new/deep/file",
    ]]
  ) {
    await using temp = await tempFolder();
    await temp.folder("old/mine");
    const [flag, path, ...more] = args;
    const url = `${HOST}/missing/a/b`;
    const setup = onDisk({});
    assertEquals(await setup.get(flag!, `${temp.path}/${path}`, ...more, url), 1);
    assertEquals(await temp.list(), ["old/", "old/mine/"]);
    assertStringIncludes(setup.errors, "404");
    await temp.write("file", "");
    const manifest = `${temp.path}/file/manifest`;
    assertEquals(await onDisk({}).get("--out", `${temp.path}/new`, "--manifest", manifest, url), 2);
    assertEquals(await temp.list(), ["file", "old/", "old/mine/"]);
  }
});

test("slipstream get shows a live line on a terminal, and removes it", async () => {
  const setup = new Setup(ANY, [], 1_000);
  setup.terminal.stderr.isTerminal = true;
  setup.terminal.noColor = true;
  await setup.get("--ndjson", "-o", "/lines", "--concurrency", "1", `${HOST}/1`, `${HOST}/2`);
  const { writes } = setup.terminal.stderr;
  const drawn = writes.map((text) => text.replaceAll("\x1b", "␛"));
  assert(drawn.some((text) => /^\r0\/2 .* 1 in flight␛\[K$/.test(text)), drawn.join("\n"));
  assertEquals([writes.at(-2), writes.at(-1)?.startsWith("2 done, ")], ["\r\x1b[K", true]);
  assertEquals(setup.clock.pending, 0);
});

test("slipstream get counts the URLs of a list once all of it was read, in the live line and at Ctrl-C", async () => {
  for (const source of ["@/urls", "-"]) {
    const setup = new Setup(ANY, [{ kind: "stall", match: /late/ }]);
    const list = [`# a list`, `${HOST}/1`, `${HOST}/late1`, `${HOST}/late2`];
    setup.terminal.files.contents.set("/urls", list.join("\n"));
    setup.terminal.stdin = list;
    setup.terminal.stderr.isTerminal = true;
    setup.terminal.noColor = true;
    const ending = setup.start("--ndjson", "-o", "/lines", source);
    await setup.clock.advance(1_000);
    assertMatch(setup.terminal.stderr.writes.at(-1)!, /^\r1\/3 .* 33 % .* 2 in flight/);
    setup.terminal.interrupt();
    assertEquals(await ending, 130);
    assertMatch(setup.terminal.stderr.writes.at(-1)!, /^Interrupted: 1 done, 2 not done, /);
  }
});

test("slipstream get shows no live line if its output goes to the same terminal", async () => {
  const setup = new Setup(ANY, [], 1_000);
  setup.terminal.stderr.isTerminal = true;
  setup.terminal.stdout.isTerminal = true;
  await setup.get(`${HOST}/1`, `${HOST}/2`);
  assertEquals(setup.errors.includes("\r"), false);
});

const WRONG: readonly (readonly [message: string, ...args: string[]])[] = [
  ["Unknown flag: --nope", "--nope"],
  ["Unknown flag: --no-cache", "--no-cache"],
  ["'--cache' needs a value", "--cache"],
  ["Unknown flag: --report", "--report=x.html"],
  ["'--concurrency' must be a positive integer: received \"0\"", "--concurrency", "0"],
  ["'--concurrency' must be a positive integer: received \"-3\"", "--concurrency", "-3"],
  ["'--rate' must be a positive rate (20/s, 100/min, 5/500ms): received \"fast\"", "--rate", "fast"],
  ["'--burst' must be a positive integer: received \"1.5\"", "--rate", "1/s", "--burst", "1.5"],
  ["'--burst' needs '--rate'", "--burst", "5"],
  ["'--retries' must be an integer of at least 0: received \"-1\"", "--retries=-1"],
  [
    "'--timeout' must be a positive duration in seconds or with a unit (5, 250ms, 2min): received \"soon\"",
    "--timeout",
    "soon",
  ],
  [
    "'--header' must be 'Name: value' in latin-1 letters on one line: received \"Bearer…\"",
    "--header",
    "Bearer s3cret",
  ],
  ["'--out' and '--ndjson' exclude each other", "--out", "/out", "--ndjson"],
  ["'--out' needs a value", "--out"],
  ["'--quiet' takes no value: received --quiet=yes", "--quiet=yes"],
  ["Cannot read '@missing' as there is no such file", "@missing"],
];

for (const [message, ...args] of WRONG) {
  test(`slipstream get ${args.join(" ")} is wrong usage, before any request`, async () => {
    const setup = new Setup();
    assertEquals(await setup.get(`${HOST}/1`, ...args), 2);
    assertEquals(setup.errors.split("\n"), [
      `slipstream: ${message}`,
      "Usage: slipstream get <url…|-|@file> [flags]",
      "All flags: slipstream help get",
      "",
    ]);
    assertEquals([setup.terminal.stdout.text, setup.cdn.log.requests], ["", 0]);
  });
}

test("slipstream get --out refuses a file in the place of the folder", async () => {
  const setup = new Setup();
  setup.terminal.files.contents.set("/out", "");
  assertEquals(await setup.get("--out", "/out", `${HOST}/1`), 2);
  assertStringIncludes(setup.errors, "'--out' must be a folder that can be written into");
});

test("slipstream get without URLs is wrong usage", async () => {
  const setup = new Setup();
  assertEquals(await setup.get(), 2);
  assertStringIncludes(setup.errors, "Nothing to fetch: give URLs, '-' or '@file'");
});

test("slipstream get --help shows its flags on stdout", async () => {
  const setup = new Setup();
  assertEquals(await setup.get("--help"), 0);
  assertStringIncludes(setup.terminal.stdout.text, "--concurrency N");
  assertEquals(setup.errors, "");
});

test("slipstream get --manifest protects the manifest, whatever files go into its folder", async () => {
  await using temp = await tempFolder();
  await temp.write("urls", `${HOST}/a\n  out=list\n${HOST}/c\n`);
  await temp.folder("out/cdn.test");
  for (const [manifest, ...written] of [["list", "cdn.test/c.body"], ["cdn.test/c.body", "list"]]) {
    const setup = onDisk();
    const folder = `${temp.path}/out`;
    const args = ["--out", folder, "--manifest", `${folder}/${manifest}`, `@${temp.path}/urls`];
    assertEquals(await setup.get(...args), 1);
    assertStringIncludes(setup.errors, `Cannot write as the manifest has that name: "${manifest}"`);
    const lines = (await temp.read(`out/${manifest}`)).trimEnd().split("\n");
    assertEquals(lines.map((line) => JSON.parse(line).file), written);
  }
});

test("slipstream get does not change the list of its URLs, even if told to write there", async () => {
  const setup = new Setup();
  const list = `${HOST}/a\n${HOST}/b\n`;
  setup.terminal.files.contents.set("/urls", list);
  for (const args of [["--ndjson", "--output", "/urls"], ["--out", "/out", "--manifest", "/urls"]]) {
    assertEquals(await setup.get(...args, "@/urls"), 2);
  }
  assertEquals([setup.terminal.files.contents.get("/urls"), setup.cdn.log.entries.length], [list, 0]);
});

test("slipstream get --out refuses HEAD before it sends anything", async () => {
  const setup = new Setup();
  assertEquals(await setup.get("--out", "/out", "-X", "HEAD", `${HOST}/a`, `${HOST}/b`), 2);
  assertEquals(setup.errors.split("\n", 1), [
    "slipstream: '--method HEAD' brings no bodies for the files of '--out'; '--ndjson --include' shows status and headers",
  ]);
  assertEquals([setup.cdn.log.requests, [...setup.terminal.files.folders]], [0, ["/"]]);
});

test("slipstream get warns once when inputs name their files, but there is no --out", async () => {
  await using temp = await tempFolder();
  await temp.write("urls", `${HOST}/a\n${HOST}/b\n  out=b.json\n${HOST}/c\n  out=c.json\n`);
  const setup = onDisk();
  const list = `${temp.path}/urls`;
  assertEquals(await setup.get(`@${list}`), 0);
  assertEquals([setup.lines.length, setup.errors.split("\n", 2)], [3, [
    `warning: ${list}:2: 'out' has an effect only with '--out DIR'`,
    setup.errors.split("\n")[1]!,
  ]]);
  assertMatch(setup.errors.split("\n")[1]!, /^3 done/);
});

test("slipstream get shows a binary body on a terminal only when the user asks for it", async () => {
  const resources: Resources = { "/a": new Uint8Array([0x89, 0, 1]), "/b": new Uint8Array([0xe9, 0x0a]) };
  for (
    const [args, written, code] of [
      [["/a"], 0, 1],
      [["--fail-with-body", "/a"], 0, 1],
      [["/a", "-o", "-"], 1, 0],
      [["/b"], 1, 0],
    ] as const
  ) {
    const setup = new Setup(resources);
    setup.terminal.stdout.isTerminal = true;
    const ended = await setup.get(...args.map((arg) => arg.startsWith("/") ? HOST + arg : arg));
    assertEquals([ended, setup.terminal.stdout.writes.length], [code, written], args.join(" "));
    if (code === 1) assertStringIncludes(setup.errors, "'--output FILE' keeps it");
  }
});

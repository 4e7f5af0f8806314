/**
 * Runs the public conformance tests for HTTP caches against the client, and counts the results:
 *
 *     deno task test:conformance [--adapter memory|filesystem] [--runtime deno|bun] [--only ID]
 *
 * Downloads the suite from npm into a temporary folder, and removes the folder at the end. Exits with 1 if too few required
 * tests pass, or if a required test fails that README.md does not name.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { type DriveOptions, type DriveReport, REPORT_MARK } from "./drive.ts";
import { countVerdicts, readAllowlist, type ScoredTest, scoreTests } from "./score.ts";

const PACKAGE = "http-cache-tests@0.4.5";
/** The least number of required tests that must pass. */
const MIN_REQUIRED = 126;
const PROXY_VARIABLE = /^(?:https?|all|no)_proxy$/i;

/** A module that starts the suite's server. The server would listen on all interfaces; this makes it use 127.0.0.1 only. */
const SERVER = `
import http from "node:http";
const { listen } = http.Server.prototype;
http.Server.prototype.listen = function () { return listen.call(this, 0, "127.0.0.1"); };
await import("./package/server/server.mjs");
`;

/** A running server. */
interface Server {
  readonly base: string;
  stop(): Promise<void>;
}

/** Downloads the suite from npm, and unpacks it into a folder. */
async function fetchSuite(folder: string): Promise<void> {
  await run("npm", ["pack", PACKAGE, "--silent", "--pack-destination", folder], Deno.env.toObject());
  const packed = [...Deno.readDirSync(folder)].find(({ name }) => name.endsWith(".tgz"));
  if (packed === undefined) throw new Error(`npm has not brought ${PACKAGE}`);
  await run("tar", ["-xzf", `${folder}/${packed.name}`, "-C", folder], Deno.env.toObject());
}

async function startServer(folder: string): Promise<Server> {
  await Deno.writeTextFile(`${folder}/serve.mjs`, SERVER);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--no-config", `${folder}/serve.mjs`],
    clearEnv: true,
    env: {
      ...withoutProxies(),
      npm_config_protocol: "http",
      npm_config_port: "0",
      npm_config_pidfile: `${folder}/server.pid`,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let output = "";
  let base: string | undefined;
  while (base === undefined) {
    const { done, value } = await lines.read();
    if (done) throw new Error(`The server has ended: ${output}`);
    output += value;
    base = /Listening on (http:\/\/127\.0\.0\.1:\d+)\//.exec(output)?.[1];
  }
  const rest = drain(lines);
  const stop = async (): Promise<void> => {
    child.kill();
    await Promise.all([child.status, rest]);
  };
  return { base, stop };
}

/** Reads the rest of the server's output, because the server blocks when the pipe is full. */
async function drain(reader: ReadableStreamDefaultReader<string>): Promise<void> {
  while (!(await reader.read()).done);
}

/** Bundles the program that drives the subject, and runs it. */
async function runDriver(
  folder: string,
  subject: string,
  runtime: string,
  options: DriveOptions,
): Promise<DriveReport> {
  const driver = new URL("drive.ts", import.meta.url).href;
  const program = [
    `import { drive } from ${JSON.stringify(driver)};`,
    `import { createSubject } from ${JSON.stringify(subject)};`,
    `await drive(createSubject, ${JSON.stringify(options)});`,
  ];
  await Deno.writeTextFile(`${folder}/driver.ts`, program.join("\n"));
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const bundle = `${folder}/driver.mjs`;
  const bundling = ["bundle", "--quiet", "--config", config, "--output", bundle, `${folder}/driver.ts`];
  await run(Deno.execPath(), bundling, Deno.env.toObject());
  const output = runtime === "bun"
    ? await run("bun", ["run", bundle], withoutProxies())
    : await run(Deno.execPath(), ["run", "--allow-all", "--no-config", bundle], withoutProxies());
  const line = output.split("\n").find((text) => text.startsWith(REPORT_MARK));
  if (line === undefined) throw new Error(`The driver has brought no report:\n${output}`);
  if (options.only !== undefined) console.log(output.replace(line, ""));
  return JSON.parse(line.slice(REPORT_MARK.length));
}

/** Runs a program to its end, and returns its output. */
async function run(program: string, args: readonly string[], env: Record<string, string>): Promise<string> {
  const command = new Deno.Command(program, {
    args: [...args],
    clearEnv: true,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  });
  const { success, stdout } = await command.output();
  const output = new TextDecoder().decode(stdout);
  if (!success) throw new Error(`${program} ${args.join(" ")} has failed:\n${output}`);
  return output;
}

function withoutProxies(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) => !PROXY_VARIABLE.test(name)),
  );
}

/** Prints the totals, and every test that has not passed. */
function print(scored: readonly ScoredTest[], allowed: ReadonlySet<string>): void {
  for (const kind of ["required", "optimal", "check"] as const) {
    const counts = Object.entries(countVerdicts(scored, kind)).map(([verdict, count]) =>
      `${count} ${verdict}`
    );
    console.log(`${kind}: ${counts.join(", ")}`);
  }
  for (const { id, kind, verdict, message } of scored) {
    if (kind === "check" || verdict === "pass" || verdict === "untested") continue;
    const known = verdict === "fail" && allowed.has(id) ? " (known)" : "";
    console.log(
      `${kind} ${verdict}${known}: ${id}: ${message || "a test that it depends on has not passed"}`,
    );
  }
}

/** Prints what is wrong with a run, and returns whether the run is good enough. */
function judge(scored: readonly ScoredTest[], allowed: ReadonlySet<string>): boolean {
  const required = scored.filter(({ kind }) => kind === "required");
  const failed = required.filter(({ verdict }) => verdict === "fail" || verdict === "setup").map(({ id }) =>
    id
  );
  const unknown = failed.filter((id) => !allowed.has(id));
  const passed = required.filter(({ verdict }) => verdict === "pass").map(({ id }) => id);
  for (const id of unknown) console.log(`not in README.md: ${id}`);
  for (const id of passed) if (allowed.has(id)) console.log(`in README.md, but passes: ${id}`);
  if (passed.length < MIN_REQUIRED) console.log(`fewer than ${MIN_REQUIRED} required tests pass`);
  return unknown.length === 0 && passed.length >= MIN_REQUIRED;
}

async function main(): Promise<boolean> {
  const {
    adapter = "memory",
    runtime = "deno",
    subject = "subject.ts",
    only,
  } = parseArgs(Deno.args, { string: ["adapter", "runtime", "subject", "only"] });
  if (adapter !== "memory" && adapter !== "filesystem") throw new Error(`There is no adapter '${adapter}'`);
  if (runtime !== "deno" && runtime !== "bun") throw new Error(`There is no runtime '${runtime}'`);
  const folder = await Deno.makeTempDir({ prefix: "slipstream-conformance-" });
  const removeFolder = (): void => Deno.removeSync(folder, { recursive: true });
  const interrupt = (): never => {
    removeFolder();
    Deno.exit(130);
  };
  Deno.addSignalListener("SIGINT", interrupt);
  let server: Server | undefined;
  try {
    await fetchSuite(folder);
    server = await startServer(folder);
    const { href } = new URL(subject, import.meta.url);
    const report = await runDriver(folder, href, runtime, {
      suite: `file://${folder}/package/`,
      base: server.base,
      adapter,
      folder: `${folder}/cache`,
      only,
    });
    const readme = await Deno.readTextFile(new URL("README.md", import.meta.url));
    const allowed = readAllowlist(readme, runtime);
    const scored = scoreTests(report);
    console.log(`${PACKAGE} on ${runtime}, ${adapter} adapter`);
    print(scored, allowed);
    return only !== undefined || judge(scored, allowed);
  } finally {
    await server?.stop();
    Deno.removeSignalListener("SIGINT", interrupt);
    removeFolder();
  }
}

if (import.meta.main) Deno.exit(await main() ? 0 : 1);

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { serveSite, type Site } from "../support/site.ts";
import { until } from "../support/until.ts";
import { bundleWorker, serveWorker } from "./worker_rig.ts";

const DENO_SERVE = "Deno.serve(async (request) => {";
const [, EXAMPLE = ""] = /### At the edge\n\n```ts\n(.+?)```/s.exec(await Deno.readTextFile("README.md")) ??
  [];
/** A URL with a port on which no server listens. */
const DEAD_URL = "http://127.0.0.1:4/";

/** Returns the example of the README with upstreams on this machine: `first` is dead or well, the second never ends. */
function example(site: Site, first: string): string {
  assertStringIncludes(EXAMPLE, DENO_SERVE);
  return EXAMPLE
    .replace('"https://a.example.com/"', JSON.stringify(first))
    .replace('"https://b.example.com/"', JSON.stringify(`${site.url}/slow`));
}

interface Edge extends AsyncDisposable {
  readonly url: string;
}

/** Serves the example on workerd, which needs a module that exports a handler. */
async function onWorkerd(code: string): Promise<Edge> {
  const folder = await Deno.makeTempDir({ dir: "tests/worker", prefix: "edge-" });
  try {
    const handler = code.replace(DENO_SERVE, "export default { fetch: async (request: Request) => {")
      .replace(/\}\);\s*$/, "} };");
    await Deno.writeTextFile(`${folder}/edge.ts`, handler);
    const worker = await serveWorker(await bundleWorker(`${folder}/edge.ts`));
    return { url: worker.url, [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose]() };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Serves the example on Deno with the permissions of Deno Deploy, and without prompts for more. */
async function onDeno(code: string): Promise<Edge> {
  const folder = await Deno.makeTempDir({ dir: "tests/worker", prefix: "edge-" });
  const options = '{ hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(`${port} `) }';
  const served = code.replace(DENO_SERVE, DENO_SERVE.replace("(async", () => `(${options}, async`));
  await Deno.writeTextFile(`${folder}/edge.ts`, served);
  const args = ["run", "--quiet", "--no-prompt", "--no-check", "--allow-net", `${folder}/edge.ts`];
  const process = new Deno.Command(Deno.execPath(), {
    args,
    env: { NO_PROXY: "127.0.0.1", NO_COLOR: "1" },
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let port = "";
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    port += text;
    if (port.endsWith(" \n")) break;
  }
  return {
    url: `http://127.0.0.1:${port.trim()}/`,
    async [Symbol.asyncDispose]() {
      process.kill("SIGTERM");
      await process.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

for (const [name, serve] of Object.entries({ "workerd": onWorkerd, "Deno with --allow-net alone": onDeno })) {
  const test = (what: string, body: () => Promise<void>): void =>
    Deno.test({
      name: `README's example for the edge, on ${name}: ${what}`,
      sanitizeOps: false,
      sanitizeResources: false,
      fn: body,
    });

  test("one upstream is dead and one never ends", async () => {
    await using site = serveSite();
    await using edge = await serve(example(site, DEAD_URL));
    for (const [dead, slow] of await Promise.all([ask(edge), ask(edge), ask(edge)])) {
      assertStringIncludes(dead!, "GET http://127.0.0.1");
      assertStringIncludes(slow!, "took longer than");
    }
    // The client has cancelled every request to the upstream that never ends.
    await until(() => site.endless === 0);
  });

  test("one upstream is well, for many at once", async () => {
    await using site = serveSite();
    await using edge = await serve(example(site, `${site.url}/item/a`));
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask(edge)));
    for (const [well, slow] of answers) {
      assertEquals(well, "/item/a");
      // On a busy machine, late requests may find the breaker open.
      assertMatch(slow!, /took longer than|the circuit breaker of \S+ is open/);
    }
    assert(answers.some(([, slow]) => slow!.includes("took longer than")));
    // The client has cancelled every request to the upstream that never ends.
    await until(() => site.endless === 0);
  });
}

async function ask(edge: Edge): Promise<string[]> {
  const response = await fetch(edge.url);
  assertEquals(response.status, 200);
  return await response.json();
}

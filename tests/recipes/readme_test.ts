import { assert, assertEquals } from "@std/assert";
import { runtime, test } from "../support/test.ts";
import { tempFolder } from "../support/temp_folder.ts";

const { readFile, writeFile } = await import("node:fs/promises");
const { execFile } = await import("node:child_process");
const { execPath } = (globalThis as unknown as { process: { readonly execPath: string } }).process;

/** The examples that need a service of their own; other tests run them. */
const ELSEWHERE: ReadonlySet<string> = new Set(["A Formula 1 session", "At the edge"]);

/** Replaces `fetch` by a service that answers every request, but refuses `/me` with an old token. */
const SERVICE = `
globalThis.fetch = (input, init) => {
  const { url, method } = new Request(input, init);
  const { host, pathname } = new URL(url);
  if (host === "login.example.com") return Promise.resolve(new Response("n3w"));
  const isOld = pathname === "/me" && new Headers(init?.headers).get("authorization") !== "Bearer n3w";
  const value = pathname.endsWith("/drivers.json") ? [{ code: "VER", team: "Red Bull" }] : { pathname, method };
  return Promise.resolve(Response.json(isOld ? "who?" : value, { status: isOld ? 401 : 200 }));
};
`;

/** Returns the README's examples with their titles, unchanged. */
function examplesOf(readme: string): [title: string, code: string][] {
  return readme.split("\n### ").slice(1).flatMap((section) => {
    const title = section.slice(0, section.indexOf("\n"));
    const codes = [...section.matchAll(/```ts\n(.+?)```/gs)].map(([, code]) => code!);
    return codes.map((code): [string, string] => [title, code]);
  });
}

function run(file: string, args: readonly string[], cwd: string): Promise<{ code: unknown; output: string }> {
  return new Promise((resolve) =>
    execFile(file, args, { cwd }, (error, out, err) => resolve({ code: error?.code ?? 0, output: out + err }))
  );
}

/** Adds the service to a module, after its imports and before its first statement. */
function withService(code: string): string {
  const end = code.lastIndexOf("\nimport ") + 1;
  const start = code.indexOf("\n", end) + 1;
  return `// deno-lint-ignore-file\n${code.slice(0, start)}${SERVICE}${code.slice(start)}`;
}

for (const [title, code] of examplesOf(await readFile("README.md", "utf8"))) {
  if (ELSEWHERE.has(title)) continue;
  test(`README's example '${title}' runs`, async () => {
    await using folder = await tempFolder();
    const [source, program] = [`${folder.path}/example.ts`, `${folder.path}/example.js`];
    // Run with 100 in place of 100,000 items, because more output shows nothing new.
    await writeFile(source, withService(code.replaceAll("100_000", "100")));
    const root = (globalThis as unknown as { process: { cwd(): string } }).process.cwd();
    const bundling = await run("deno", [
      "bundle",
      "--quiet",
      "--no-check",
      "--config",
      `${root}/deno.json`,
      source,
      "--output",
      program,
    ], root);
    assertEquals(bundling.code, 0, bundling.output);
    const args = runtime === "deno" ? ["run", "--quiet", "--allow-all", program] : [program];
    const { code: exitCode, output } = await run(execPath, args, folder.path);
    assertEquals(exitCode, 0, output);
    assert(output !== "");
  });
}

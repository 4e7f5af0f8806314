/**
 * How long does a process run that loads the module, beside a process that loads nothing?
 *
 * @module
 */

const ROOT = new URL("..", import.meta.url).pathname;
const SCRIPTS: Readonly<Record<string, string>> = {
  "an empty script": "bench/support/empty.ts",
  "mod.ts": "mod.ts",
  "./primitives": "src/primitives/mod.ts",
  "./testing": "src/testing/mod.ts",
  "./f1, with valibot": "src/f1/mod.ts",
};

for (const [name, script] of Object.entries(SCRIPTS)) {
  const args = ["run", "--quiet", "--no-check", `${ROOT}${script}`];
  const fn = async (): Promise<void> => {
    const { success } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit" }).output();
    if (!success) throw new Error(`Cannot load ${script}`);
  };
  Deno.bench({ name, baseline: name === "an empty script", n: 20, warmup: 2, fn });
}

/**
 * Runs `deno publish` with the given arguments on a copy of what is published. In the project itself it would take the
 * local packages of `links` for modules of this one. A dry run still resolves by them, from outside of the copy; a real one
 * does without.
 *
 * @module
 */

interface Config {
  readonly links: readonly string[];
  readonly publish: { readonly include: readonly string[] };
}

const root = Deno.cwd();
const config: Config = JSON.parse(Deno.readTextFileSync("deno.json"));
const folder = Deno.makeTempDirSync({ prefix: "slipstream-publish-" });
try {
  for (const path of ["deno.lock", ...config.publish.include]) copy(path);
  const links = Deno.args.includes("--dry-run") ? config.links.map((path) => `${root}/${path}`) : undefined;
  Deno.writeTextFileSync(`${folder}/deno.json`, JSON.stringify({ ...config, links }, undefined, 2));
  const { code } = await new Deno.Command(Deno.execPath(), { args: ["publish", ...Deno.args], cwd: folder })
    .spawn()
    .status;
  Deno.exitCode = code;
} finally {
  Deno.removeSync(folder, { recursive: true });
}

function copy(path: string): void {
  if (Deno.statSync(path).isDirectory) {
    Deno.mkdirSync(`${folder}/${path}`);
    for (const { name } of Deno.readDirSync(path)) copy(`${path}/${name}`);
  } else Deno.copyFileSync(path, `${folder}/${path}`);
}

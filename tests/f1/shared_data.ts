/**
 * Real payloads beside the checkout, if there are any:
 * `../shared/data/tracing-insights/{year}/{event}/{session}/{path}`.
 *
 * @module
 */

interface BunGlobal {
  readonly Glob: new (pattern: string) => { scanSync(options: { cwd: string }): Iterable<string> };
  file(path: string): { text(): Promise<string> };
}

/** A real payload. */
export interface SharedFile {
  readonly year: number;
  readonly event: string;
  readonly session: string;
  readonly path: string;
}

const ROOT = "../shared/data/tracing-insights";
const bun = (globalThis as { Bun?: BunGlobal }).Bun;

/** All real payloads, in a fixed order; empty if there are none. */
export const sharedFiles: readonly SharedFile[] = [...listFiles()].sort().map((name) => {
  const [year = "", event = "", session = "", ...path] = name.split("/");
  return { year: Number(year), event, session, path: path.join("/") };
});

/** The reason why tests of real payloads are skipped. */
export const noSharedFiles: string = `${ROOT} is absent`;

/** Returns the text of a real payload. */
export function readSharedFile({ year, event, session, path }: SharedFile): Promise<string> {
  const file = `${ROOT}/${year}/${event}/${session}/${path}`;
  return bun === undefined ? Deno.readTextFile(file) : bun.file(file).text();
}

function listFiles(): string[] {
  try {
    return bun === undefined ? [...walk("")] : [...new bun.Glob("**/*.json").scanSync({ cwd: ROOT })];
  } catch {
    // There is no such folder.
    return [];
  }
}

function* walk(folder: string): Generator<string, undefined, undefined> {
  for (const { name, isDirectory } of Deno.readDirSync(`${ROOT}/${folder}`)) {
    const path = folder === "" ? name : `${folder}/${name}`;
    if (isDirectory) yield* walk(path);
    else if (name.endsWith(".json")) yield path;
  }
}

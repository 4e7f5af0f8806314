/**
 * A folder for one test, with what tests do to it, on both runtimes.
 *
 * @module
 */

/** A folder that is removed at the end of its scope. */
export interface TempFolder extends AsyncDisposable {
  /** Its absolute path. */
  readonly path: string;
  /** Makes a symbolic link. */
  link(name: string, target: string): Promise<void>;
  /** Makes a folder. */
  folder(name: string): Promise<void>;
  /** Writes a file. */
  write(name: string, text: string): Promise<void>;
  /** Reads a file. */
  read(name: string): Promise<string>;
  /** The paths of all that is below, sorted, folders with a slash at the end; links are not followed. */
  list(): Promise<string[]>;
}

/** Makes a folder. */
export async function tempFolder(): Promise<TempFolder> {
  const fs = await import("node:fs/promises");
  const { tmpdir } = await import("node:os");
  const path = await fs.realpath(await fs.mkdtemp(`${tmpdir()}/slipstream-test-`));

  async function list(below: string): Promise<string[]> {
    const entries = await fs.readdir(`${path}/${below}`, { withFileTypes: true });
    const paths = entries.map(async (entry) => {
      const name = `${below}${entry.name}`;
      return entry.isDirectory() ? [`${name}/`, ...await list(`${name}/`)] : [name];
    });
    return (await Promise.all(paths)).flat().sort();
  }

  return {
    path,
    link: (name, target) => fs.symlink(target, `${path}/${name}`),
    folder: async (name) => void await fs.mkdir(`${path}/${name}`, { recursive: true }),
    write: (name, text) => fs.writeFile(`${path}/${name}`, text),
    read: (name) => fs.readFile(`${path}/${name}`, "utf8"),
    list: () => list(""),
    [Symbol.asyncDispose]: () => fs.rm(path, { recursive: true, force: true }),
  };
}

/**
 * A folder for one test, with the file operations that tests need, on both runtimes.
 *
 * @module
 */

/** A folder that is removed at the end of its scope. All names are relative to it. */
export interface TempFolder extends AsyncDisposable {
  /** The absolute path of the folder. */
  readonly path: string;
  /** Creates a symbolic link. */
  link(name: string, target: string): Promise<void>;
  /** Creates a folder, and its parents if they are missing. */
  folder(name: string): Promise<void>;
  /** Writes a file. */
  write(name: string, text: string): Promise<void>;
  /** Reads a file. */
  read(name: string): Promise<string>;
  /** Returns the paths of all files and folders below, sorted. A folder's path ends with a slash; links are not followed. */
  list(): Promise<string[]>;
}

/** Creates an empty folder. */
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

/**
 * A folder for output files, which no name of a file can lead out of.
 *
 * @module
 */

import { currentDisk } from "../runtime/disk/current.ts";
import type { TerminalFiles } from "../runtime/terminal/contract.ts";

/** The name of a file that is being written, with the number of the process that writes it. */
const TEMPORARY = /^\.slipstream-(\d+)-[0-9a-f-]+\.part$/;

/**
 * Writes files whole or not at all: each has a temporary name in its folder until it is complete. Temporary files that a killed
 * process has left are removed before the first file goes into their folder. A symbolic link that leads outside is refused where
 * a folder is needed, and replaced where a file is. A program that can change the folder at the same time can still swap a folder
 * for a link between the check and the write. Disposing it removes the folders that it has made and that are still empty.
 */
export class OutputFolder implements AsyncDisposable {
  /** The folder's absolute path. */
  readonly path: string;
  readonly #files: TerminalFiles;
  readonly #checked = new Set<string>();
  readonly #swept = new Set<string>();
  /** The folders that were made, each after the one that it is in. */
  readonly #made: string[];

  private constructor(path: string, files: TerminalFiles, made: readonly string[]) {
    this.path = path;
    this.#files = files;
    this.#made = [...made];
  }

  /**
   * Opens a folder, and makes it if it isn't there.
   *
   * @param path The folder.
   * @param files The file system.
   * @throws {Error} If there is something else of that name, or it can't be made.
   */
  static async open(path: string, files: TerminalFiles): Promise<OutputFolder> {
    const made = await missingFolders(path, files);
    await files.makeFolder(path, { recursive: true });
    const real = await files.realPath(path);
    if (await files.kind(real) !== "folder") {
      throw new Error(`Cannot write into '${path}' as it is no folder`);
    }
    // A path with both links and `..` may lead elsewhere than its text says.
    const isMade = made.length > 0 && await files.realPath(made.at(-1)!).catch(() => "") === real;
    return new OutputFolder(real, files, isMade ? made : []);
  }

  /** Returns whether the file system tells `A` from `a`. To find out, it writes a file and removes it. */
  async isCaseSensitive(): Promise<boolean> {
    await this.#sweep(this.path);
    const name = temporaryName();
    await this.#files.createFile(`${this.path}/${name}`, new Uint8Array());
    try {
      return await this.#files.kind(`${this.path}/${name.toUpperCase()}`) === undefined;
    } finally {
      await this.#files.remove(`${this.path}/${name}`);
    }
  }

  /** Returns the names of the folders and, last, of the file at a path without links; `undefined` if the path is outside. */
  namesOf(realPath: string): readonly string[] | undefined {
    if (!this.#contains(realPath)) return undefined;
    return realPath.slice(this.path.length).split(/[/\\]/).filter((name) => name !== "");
  }

  /**
   * Makes the folders that lead to a file.
   *
   * @param names The names of the folders and, last, of the file: safe ones.
   * @returns The absolute path of the folder that the file goes into.
   * @throws {Error} If a folder leads outside, or can't be made.
   */
  enter(names: readonly string[]): Promise<string> {
    return this.#enter(names.slice(0, -1));
  }

  /**
   * Makes the folders that lead to a file again, where they are missing. Another process that writes into the same folder removes
   * those that it has made and left empty.
   */
  async restore(names: readonly string[]): Promise<void> {
    await this.#files.makeFolder(this.path, { recursive: true });
    for (let depth = 1; depth < names.length; depth++) {
      this.#checked.delete([this.path, ...names.slice(0, depth)].join("/"));
    }
    await this.enter(names);
  }

  /**
   * Writes a file, in place of the one that is there.
   *
   * @param names The names of the folders and, last, of the file: safe ones.
   * @param content The content, whole or in chunks. If the file can't be written, chunks that are still to come are given up.
   * @throws {Error} If a folder leads outside, or the file can't be written; also the error with which the content breaks off.
   */
  async write(
    names: readonly string[],
    content: Uint8Array<ArrayBuffer> | AsyncIterable<Uint8Array<ArrayBuffer>>,
  ): Promise<void> {
    let temporary: string | undefined;
    try {
      const folder = await this.#enter(names.slice(0, -1));
      await this.#sweep(folder);
      temporary = `${folder}/${temporaryName()}`;
      if (content instanceof Uint8Array) await this.#files.createFile(temporary, content);
      else await this.#writePieces(temporary, content);
      await this.#files.rename(temporary, `${folder}/${names.at(-1)}`);
    } catch (error) {
      // The error of the write counts, not those of the clean-up.
      if (temporary !== undefined) await this.#files.remove(temporary).catch(() => {});
      if (!(content instanceof Uint8Array)) await giveUp(content).catch(() => {});
      throw error;
    }
  }

  /** Removes the temporary files of processes that have ended, once for each folder. */
  async #sweep(folder: string): Promise<void> {
    if (this.#swept.has(folder)) return;
    this.#swept.add(folder);
    try {
      for (const name of await this.#files.names(folder)) {
        const [, processId] = TEMPORARY.exec(name) ?? [];
        if (processId === undefined || currentDisk().isRunning(Number(processId))) continue;
        await this.#files.remove(`${folder}/${name}`);
      }
    } catch {
      // A failure to tidy up is no reason to write nothing.
    }
  }

  async #writePieces(path: string, pieces: AsyncIterable<Uint8Array<ArrayBuffer>>): Promise<void> {
    const file = await this.#files.open(path, "new");
    try {
      for await (const piece of pieces) await file.write(piece);
    } finally {
      await file.close();
    }
  }

  /** Makes the folders one by one, so that no link is followed outside before it has been looked at. */
  async #enter(names: readonly string[]): Promise<string> {
    let path = this.path;
    for (const name of names) {
      path = `${path}/${name}`;
      if (this.#checked.has(path)) continue;
      if (await this.#files.kind(path) === undefined) this.#made.push(path);
      await this.#files.makeFolder(path);
      if (!this.#contains(await this.#files.realPath(path))) {
        throw new Error(`Cannot write into '${path}' as it leads out of '${this.path}'`);
      }
      this.#checked.add(path);
      await this.#sweep(path);
    }
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const path of this.#made.splice(0).reverse()) {
      // A folder that holds something stays, and so does one that can't be removed.
      await this.#files.removeFolder(path).catch(() => {});
    }
  }

  #contains(realPath: string): boolean {
    if (!realPath.startsWith(this.path)) return false;
    return /^$|^[/\\]/.test(realPath.slice(this.path.length)) || /[/\\]$/.test(this.path);
  }
}

/** Returns the folders that lead to a path and are not there yet, each after the one that it is in. */
async function missingFolders(path: string, files: TerminalFiles): Promise<readonly string[]> {
  const disk = currentDisk();
  const missing: string[] = [];
  let entry = disk.resolve(path);
  while (entry.name !== "") {
    const each = disk.join(entry.folder, entry.name);
    // The program may have a permission for the folder alone, which does not let it look at those above.
    if (await files.kind(each, { follow: true, prompts: false }).catch(() => "other") !== undefined) break;
    missing.unshift(each);
    const above = disk.resolve(entry.folder);
    if (above.folder === entry.folder) break; // a root, which may have a name on Windows
    entry = above;
  }
  return missing;
}

/** Ends an iterable of which nothing may have been read yet: the body of a response holds its connection until then. */
async function giveUp(pieces: AsyncIterable<unknown>): Promise<void> {
  await pieces[Symbol.asyncIterator]().return?.();
}

function temporaryName(): string {
  return `.slipstream-${currentDisk().processId}-${crypto.randomUUID()}.part`;
}

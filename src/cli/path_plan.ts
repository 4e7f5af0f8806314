/**
 * Which file a job's body goes into.
 *
 * @module
 */

import { isPartName, outputPath, outputSegments } from "./output_path.ts";
import type { Job } from "./sink.ts";
import { hashText } from "./text_hash.ts";

/** Gives paths: what the input says (`out`), or what its URL is. */
export class PathPlan {
  readonly #isCaseSensitive: boolean;
  readonly #manifest: string | undefined;
  /** Which input has claimed which path. */
  readonly #said = new Map<string, number>();
  /** The paths that follow from URLs, as hashes of their keys: there may be many. */
  readonly #derived = new Set<number>();
  /** Whose the files of those paths are: hashes of the paths, and of the user info. */
  readonly #users = new Map<number, number>();

  /**
   * Plans for a folder.
   *
   * @param isCaseSensitive Whether its file system tells `A` from `a`.
   * @param manifest The path of the manifest, if that is in the folder: no file takes its place.
   */
  constructor(isCaseSensitive: boolean, manifest?: readonly string[]) {
    this.#isCaseSensitive = isCaseSensitive;
    this.#manifest = manifest && keyOf(manifest);
  }

  /**
   * The path of a job's file.
   *
   * @returns The names of the folders and, last, of the file: safe ones.
   * @throws {TypeError} If another input has said the same path, or has it by its URL; if it has the same URL with other user info, which
   * no name shows; and if the manifest is there.
   */
  pathOf({ index, input: { url, parts: { out } }, variant }: Job): readonly string[] {
    if (out === undefined) {
      const path = outputPath(url, { isCaseSensitive: this.#isCaseSensitive, variant });
      const key = this.#keyOf(path);
      this.#claim(path.join("/"), url);
      this.#derived.add(hashText(key));
      const owner = this.#said.get(key);
      if (owner !== undefined) throw takenError(`input ${owner + 1} has that 'out'`, path.join("/"));
      return path;
    }
    const names = out.split(/[/\\]/).filter((name) => name !== "" && name !== ".");
    if (names.length === 0 || names.includes("..")) {
      throw new TypeError(
        `Cannot write as 'out' must be a path below the folder: received ${JSON.stringify(out)}`,
      );
    }
    const path = outputSegments(names);
    if (isPartName(path.at(-1)!)) {
      throw new TypeError(
        `Cannot write as 'out' must not end with '.part' or '.part.json', as files do that are not whole yet: received ${
          JSON.stringify(out)
        }`,
      );
    }
    const key = this.#keyOf(path);
    if (this.#derived.has(hashText(key))) throw takenError("another input's file has that name", out);
    const owner = this.#said.get(key) ?? index;
    this.#said.set(key, owner);
    if (owner !== index) throw takenError(`input ${owner + 1} has the same 'out'`, out);
    return path;
  }

  #keyOf(path: readonly string[]): string {
    const key = keyOf(path);
    if (key === this.#manifest) throw takenError("the manifest has that name", path.join("/"));
    return key;
  }

  #claim(path: string, { username, password }: URL): void {
    const hash = hashText(path);
    const user = hashText(`${username}:${password}`);
    if ((this.#users.get(hash) ?? user) !== user) {
      throw takenError("the file of another user has that name: give an 'out'", path);
    }
    this.#users.set(hash, user);
  }
}

/** Equal for paths that some file system takes for one. */
function keyOf(path: readonly string[]): string {
  return path.join("/").normalize("NFC").toLowerCase();
}

function takenError(why: string, path: string): TypeError {
  return new TypeError(`Cannot write as ${why}: ${JSON.stringify(path)}`);
}

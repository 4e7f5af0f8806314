/**
 * The choice of a file for each job's body.
 *
 * @module
 */

import { isPartName, outputPath, outputSegments } from "./output_path.ts";
import type { Job } from "./sink.ts";
import { hashText } from "./text_hash.ts";

/** Chooses the path of each job's file: the `out` of its input, or else a path that its URL determines. */
export class PathPlan {
  readonly #isCaseSensitive: boolean;
  readonly #manifest: string | undefined;
  /** The index of the input that has set a path as its `out`, by the path's key. */
  readonly #said = new Map<string, number>();
  /** The paths that URLs determine, as hashes of their keys to save memory. */
  readonly #derived = new Set<number>();
  /** The user info behind each of those paths: both are hashes. */
  readonly #users = new Map<number, number>();

  /**
   * Creates a plan for one folder.
   *
   * @param isCaseSensitive Whether its file system tells `A` from `a`.
   * @param manifest The path of the manifest, if it is in the folder: no job gets that path.
   */
  constructor(isCaseSensitive: boolean, manifest?: readonly string[]) {
    this.#isCaseSensitive = isCaseSensitive;
    this.#manifest = manifest && keyOf(manifest.join("/"));
  }

  /**
   * Returns the path of a job's file.
   *
   * @returns The names of the folders and, last, of the file: safe ones.
   * @throws {TypeError} If `out` leads out of the folder, or is a name of unfinished files; if another input has the same `out`,
   * or has that path by its URL; if another input has the same URL with other user info, which no name shows; or if the manifest
   * has that path.
   */
  pathOf({ index, input: { url, parts: { out } }, variant }: Job): readonly string[] {
    if (out === undefined) {
      const path = outputPath(url, { isCaseSensitive: this.#isCaseSensitive, variant });
      const name = path.join("/");
      const key = this.#keyOf(name);
      this.#claim(name, url);
      this.#derived.add(hashText(key));
      const owner = this.#said.get(key);
      if (owner !== undefined) throw takenError(`input ${owner + 1} has that 'out'`, name);
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
    const key = this.#keyOf(path.join("/"));
    if (this.#derived.has(hashText(key))) throw takenError("another input's file has that name", out);
    const owner = this.#said.get(key) ?? index;
    this.#said.set(key, owner);
    if (owner !== index) throw takenError(`input ${owner + 1} has the same 'out'`, out);
    return path;
  }

  #keyOf(path: string): string {
    const key = keyOf(path);
    if (key === this.#manifest) throw takenError("the manifest has that name", path);
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

/** Returns a key that is equal for paths that some file system takes for one. */
function keyOf(path: string): string {
  return path.normalize("NFC").toLowerCase();
}

function takenError(why: string, path: string): TypeError {
  return new TypeError(`Cannot write as ${why}: ${JSON.stringify(path)}`);
}

/**
 * One file for each URL, however alike their names.
 *
 * @module
 */

import { withSuffix } from "./output_path.ts";
import { hashText } from "./text_hash.ts";

const FOLDER = -1;

/**
 * Gives out paths so that no two owners share one, also where the file system does not tell `A` from `a`, and no file has the
 * name of a folder. A later owner of a taken name gets `name~2.json`. It holds two numbers a path, so that millions fit.
 */
export class PathClaims {
  readonly #owners = new Map<number, number>();

  /**
   * Claims a path.
   *
   * @param path The names that the owner would like, folders first.
   * @param owner Who claims, such as a URL; the same owner gets the same path again.
   * @returns The names that the owner gets.
   */
  claim(path: readonly string[], owner: string): readonly string[] {
    let folder: readonly string[] = [];
    for (const name of path.slice(0, -1)) folder = this.#take([...folder, name], FOLDER);
    return this.#take([...folder, path.at(-1) ?? "_"], hashText(owner));
  }

  #take(path: readonly string[], owner: number): readonly string[] {
    for (let number = 1;; number++) {
      const candidate = number === 1 ? path : withSuffix(path, `~${number}`);
      const key = hashText(candidate.join("/").normalize("NFC").toLowerCase());
      const known = this.#owners.get(key);
      if (known === undefined) this.#owners.set(key, owner);
      if (known === undefined || known === owner) return candidate;
    }
  }
}

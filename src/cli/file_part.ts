/**
 * A file that comes piece by piece, and has its name only when all of it is there.
 *
 * @module
 */

import type { FileWriter, TerminalFiles } from "../runtime/terminal/contract.ts";
import { hashName } from "./text_hash.ts";
import type { ResumePoint } from "./transfer.ts";

/** Where a file goes. */
export interface FileTarget {
  /** The folder's absolute path. */
  readonly folder: string;
  /** The file's name. */
  readonly name: string;
}

/** Options of {@linkcode FilePart}. */
export interface FilePartOptions {
  /** Whether a later run may continue it: it stays when it is abandoned, and has a name that is found again. */
  readonly isKept: boolean;
}

/**
 * Writes into `.slipstream-….part` beside the file, and renames it. One that is kept has a `.json` beside it, which says what it is a part
 * of; that is written before the first byte, and a part without it is of no use.
 */
export class FilePart {
  readonly #target: FileTarget;
  readonly #files: TerminalFiles;
  readonly #isKept: boolean;
  readonly #path: string;
  #writer: FileWriter | undefined;
  #hasNote = false;

  /** Nothing is there or made yet. */
  constructor(target: FileTarget, files: TerminalFiles, { isKept }: FilePartOptions) {
    this.#target = target;
    this.#files = files;
    this.#isKept = isKept;
    this.#path = `${target.folder}/${
      isKept ? keptPartName(target.name) : `.slipstream-${crypto.randomUUID()}.part`
    }`;
  }

  get #notePath(): string {
    return `${this.#path}.json`;
  }

  /** What an earlier run has left of the file, if it can be continued. */
  async find(): Promise<ResumePoint | undefined> {
    if (!this.#isKept) return undefined;
    const noteBytes = await this.#files.size(this.#notePath);
    const offset = noteBytes === undefined ? undefined : await this.#files.size(this.#path);
    if (offset === undefined || offset === 0) return undefined;
    const validator = validatorOf(await readText(this.#files.read(this.#notePath)));
    return validator === undefined ? undefined : { offset, validator };
  }

  /** Begins the file: what is left of an earlier one is removed. */
  async begin(validator: string | undefined): Promise<void> {
    await this.#close();
    // The part first: it must never stand beside the note of another one.
    await this.#files.remove(this.#path);
    if (this.#isKept) await this.#files.remove(this.#notePath);
    this.#hasNote = this.#isKept && validator !== undefined;
    if (this.#hasNote) {
      const note = new TextEncoder().encode(JSON.stringify({ of: this.#target.name, validator }));
      await this.#files.createFile(this.#notePath, note);
    }
    this.#writer = await this.#files.open(this.#path, "new");
  }

  /** Goes on with what {@linkcode FilePart.find} found. */
  async resume(): Promise<void> {
    this.#hasNote = true;
    this.#writer = await this.#files.open(this.#path, "append");
  }

  /** What is there so far. */
  read(): AsyncIterable<Uint8Array<ArrayBuffer>> {
    return this.#files.read(this.#path);
  }

  /** Writes a piece at the end. */
  async write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#writer?.write(bytes);
  }

  /** All of it is there: it gets its name, in place of the file that has it. */
  async commit(): Promise<void> {
    await this.#close();
    await this.#files.rename(this.#path, `${this.#target.folder}/${this.#target.name}`);
    if (this.#hasNote) await this.#files.remove(this.#notePath);
  }

  /** Nothing more comes now: it is removed, or stays for a later run. */
  async abandon(): Promise<void> {
    await this.#close();
    if (this.#hasNote) return;
    await this.#files.remove(this.#path);
  }

  /** Removes what an earlier run has left. */
  async discard(): Promise<void> {
    await this.#close();
    await this.#files.remove(this.#path);
    if (this.#isKept) await this.#files.remove(this.#notePath);
  }

  async #close(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.close();
  }
}

/** What the part of a file is called that a later run may continue. */
export function keptPartName(name: string): string {
  return `.slipstream-${hashName(name)}.part`;
}

async function readText(bytes: AsyncIterable<Uint8Array<ArrayBuffer>>): Promise<string> {
  return await new Blob(await Array.fromAsync(bytes)).text();
}

function validatorOf(note: string): string | undefined {
  try {
    const { validator } = JSON.parse(note) as { readonly validator?: unknown };
    return typeof validator === "string" ? validator : undefined;
  } catch {
    // Torn by whatever ended the run: then nobody knows what the part belongs to.
    return undefined;
  }
}

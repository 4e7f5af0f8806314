/**
 * The inputs of `get`: URLs from the arguments, from files and from standard input, read only as fast as the jobs ask for them.
 *
 * @module
 */

import { messageOf } from "../errors.ts";
import { currentDisk } from "../runtime/disk/current.ts";
import type { FileKind, Terminal } from "../runtime/terminal/contract.ts";
import { UsageError } from "./args.ts";
import { errorLine, oneLine } from "./error_record.ts";
import { givenUrl } from "./given_url.ts";
import { isOptionLine, partsOfJson, partsOfLines, type RequestParts } from "./request_parts.ts";

/** The beginning of the place of an argument. */
const ARGUMENT = "argument ";

/** A URL that can be fetched. */
export interface Input {
  readonly ok: true;
  /** The URL as the user has written it. */
  readonly text: string;
  /** The absolute URL; a relative one is resolved against the first base URL. */
  readonly url: URL;
  /** The method, headers, body and file path that the input sets itself. */
  readonly parts: RequestParts;
  /** The place of the input: `urls.txt:7`, `-:3`, `argument 2`. */
  readonly where: string;
}

/** A URL, or a list of URLs, that can't be used. */
export interface BadInput {
  readonly ok: false;
  readonly text: string;
  readonly where: string;
  /** The reason why it can't be used. */
  readonly error: Error;
}

/**
 * Checks the operands, as far as possible before any request is sent.
 *
 * @param operands URLs, `-` and `@file`.
 * @param terminal The terminal, whose files the operands name.
 * @throws {UsageError} If there is nothing to fetch, a file is missing, or stdin is named twice.
 */
export async function checkOperands(operands: readonly string[], terminal: Terminal): Promise<void> {
  if (operands.length === 0) throw new UsageError("Nothing to fetch: give URLs, '-' or '@file'");
  if (operands.indexOf("-") !== operands.lastIndexOf("-")) {
    throw new UsageError("'-' may be given once, as stdin can be read once");
  }
  for (const operand of operands.filter(isFile)) {
    const path = operand.slice(1);
    const kind = path === "" ? undefined : await kindOf(path, operand, terminal);
    if (kind === undefined) {
      const hint = path === "-" ? ": stdin is '-'" : "";
      throw new UsageError(`Cannot read '${operand}' as there is no such file${hint}`);
    }
    if (kind === "folder") throw new UsageError(`Cannot read '${operand}' as it is a folder`);
  }
}

async function kindOf(path: string, operand: string, { files }: Terminal): Promise<FileKind | undefined> {
  try {
    return await files.kind(path, { follow: true });
  } catch (cause) {
    throw new UsageError(`Cannot read '${operand}': ${errorLine(cause)}`, { cause });
  }
}

/**
 * Checks that no file of inputs is also an output, under whatever name: opening the output would empty the file before it is
 * read.
 *
 * @param operands URLs, `-` and `@file`.
 * @param written The paths of the outputs, by the flag that names each.
 * @param terminal The terminal, whose files the paths name.
 * @throws {UsageError} If there is such a file.
 */
export async function checkWritten(
  operands: readonly string[],
  written: Readonly<Record<string, string | undefined>>,
  { files }: Terminal,
): Promise<void> {
  const realPath = (path: string): Promise<string | undefined> => files.realPath(path).catch(() => undefined);
  for (const [flag, path] of Object.entries(written)) {
    const real = path === undefined ? undefined : await realPath(path);
    if (real === undefined || await files.kind(real) !== "file") continue;
    for (const operand of operands.filter(isFile)) {
      const source = await realPath(operand.slice(1));
      if (source === undefined || source !== real && !await isLinked(source, real)) continue;
      throw new UsageError(`'--${flag}' must be another file than '${operand}', which is read`);
    }
  }
}

/** Returns whether two paths without symbolic links are hard links to one file. */
async function isLinked(one: string, other: string): Promise<boolean> {
  const disk = currentDisk();
  try {
    const entry = await disk.entry(one);
    return entry !== undefined && entry.id === (await disk.entry(other))?.id;
  } catch {
    // A file that can't be examined can't be opened either.
    return false;
  }
}

/** Returns whether the only operand is a URL. */
export function isSingleUrl(operands: readonly string[]): boolean {
  return operands.length === 1 && operands.every((operand) => operand !== "-" && !isFile(operand));
}

/** Returns the number of inputs, if it is known before any list is read. */
export function knownTotal(operands: readonly string[]): number | undefined {
  return operands.some((operand) => operand === "-" || isFile(operand)) ? undefined : operands.length;
}

/** Returns a hint for an argument that can't be fetched as a URL, but is the name of a file. */
export async function fileHint(
  { text, where }: Input | BadInput,
  { files }: Terminal,
): Promise<string | undefined> {
  if (!where.startsWith(ARGUMENT) || text.includes("://")) return undefined;
  // A name that can't be examined is none.
  const kind = await files.kind(text, { follow: true, prompts: false }).catch(() => undefined);
  if (kind !== "file") return undefined;
  const name = oneLine(text);
  return `${name} is a file: did you mean '@${name}', to fetch the URLs in it?`;
}

/** Options of {@linkcode readInputs}. */
export interface ReadInputsOptions {
  /** Ends the inputs early, without an error. */
  readonly signal: AbortSignal;
  /** The base of relative URLs. Without it they are refused. */
  readonly base?: URL | undefined;
}

/**
 * Reads the inputs one by one, in order. It skips blank lines and lines that begin with `#`. A line that begins with `{` is a
 * request in JSON. In a file, indented lines below a URL belong to it: `  header=Name: value`, `  method=`, `  data=`, `  json=`,
 * `  out=`.
 *
 * @param operands URLs, `-` for standard input, and `@file` for a file; both have one URL on each line.
 * @param terminal The terminal, with standard input and the files.
 * @param options The signal and the base URL.
 * @returns The inputs. A wrong one becomes a {@linkcode BadInput}, and the others follow.
 */
export async function* readInputs(
  operands: readonly string[],
  terminal: Terminal,
  { signal, base }: ReadInputsOptions,
): AsyncIterableIterator<Input | BadInput> {
  for (const [index, operand] of operands.entries()) {
    if (signal.aborted) return;
    if (operand === "-") yield* readList(terminal.stdinLines(signal), "-", base);
    else if (isFile(operand)) {
      yield* readList(blocks(terminal.files.lines(operand.slice(1), signal)), operand.slice(1), base);
    } else yield toInput(operand, `${ARGUMENT}${index + 1}`, base);
  }
}

/**
 * A comment among the option lines below a URL. A comment without indent may be a commented-out URL: the option lines below it
 * are skipped too.
 */
const INDENTED_COMMENT = /^\s+#/;

/**
 * Joins each line of a file with the indented option lines below it. Lines of stdin are not joined, because a program may wait
 * for the response to each line before it writes the next one.
 */
async function* blocks(lines: AsyncIterable<string>): AsyncIterableIterator<string> {
  let block: string | undefined;
  for await (const line of lines) {
    if (block !== undefined && /\S/.test(block) && (isOptionLine(line) || INDENTED_COMMENT.test(line))) {
      block += `\n${line}`;
      continue;
    }
    if (block !== undefined) yield block;
    block = line;
  }
  if (block !== undefined) yield block;
}

async function* readList(
  lines: AsyncIterable<string>,
  name: string,
  base: URL | undefined,
): AsyncIterableIterator<Input | BadInput> {
  let number = 1;
  try {
    for await (const block of lines) {
      const text = block.trim();
      const where = `${name}:${number}`;
      if (text !== "" && !text.startsWith("#")) {
        yield isStray(block, base) ? strayOption(where) : toInput(block, where, base);
      }
      number += block.split("\n").length;
    }
  } catch (cause) {
    // The inputs read so far are fetched. The rest of the list counts as one more failure.
    const reason = messageOf(cause);
    const error = new Error(`Cannot read on: ${reason}`, { cause });
    yield { ok: false, text: name, where: `${name}:${number}`, error };
  }
}

/**
 * Returns whether an option line stands below no URL. Without a base URL this is so without an indent too; with one, such a line
 * may be a relative URL.
 */
function isStray(block: string, base: URL | undefined): boolean {
  const [line = ""] = block.split("\n", 1);
  return isOptionLine(base === undefined ? ` ${line}` : line);
}

/** Returns an error that does not show the line, because a header may be a credential. */
function strayOption(where: string): BadInput {
  const rule = "a line such as 'header=…' must be indented, and in a file below a URL";
  return { ok: false, text: where, where, error: new TypeError(`Cannot fetch as ${rule}`) };
}

function toInput(block: string, where: string, base: URL | undefined): Input | BadInput {
  const [first = "", ...below] = block.split("\n");
  const lines = below.filter((line) => !INDENTED_COMMENT.test(line));
  let line = first.trim();
  try {
    line = unquoted(line);
    const { url: text, ...parts } = line.startsWith("{")
      ? partsOfJson(line)
      : { url: line, ...partsOfLines(lines) };
    if (lines.length > 0 && line.startsWith("{")) {
      throw new TypeError("Cannot fetch as a request in JSON has no lines below it");
    }
    return { ok: true, text, url: givenUrl(text, base), parts, where };
  } catch (error) {
    return { ok: false, text: line.startsWith("{") ? where : line, where, error: error as Error };
  }
}

/** Removes the quotes from a line in which jq has written a URL as a JSON string. */
function unquoted(line: string): string {
  return line.startsWith('"') ? partsOfJson(line).url : line;
}

function isFile(operand: string): boolean {
  return operand.startsWith("@");
}

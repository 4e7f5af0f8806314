/**
 * What to fetch: URLs from the arguments, from files and from the standard input, read as they are asked for.
 *
 * @module
 */

import { messageOf } from "../primitives/message_of.ts";
import type { FileKind, Terminal } from "../runtime/terminal/contract.ts";
import { UsageError } from "./args.ts";
import { errorLine } from "./error_record.ts";
import { givenUrl } from "./given_url.ts";
import { isOptionLine, partsOfJson, partsOfLines, type RequestParts } from "./request_parts.ts";

/** A URL that can be fetched. */
export interface Input {
  readonly ok: true;
  /** As it was given. */
  readonly text: string;
  /** Absolute: relative to the first base URL, if it was relative. */
  readonly url: URL;
  /** What it has of its own. */
  readonly parts: RequestParts;
  /** Where it was given: `urls.txt:7`, `-:3`, `argument 2`. */
  readonly where: string;
}

/** A URL, or a source of URLs, that can't be used. */
export interface BadInput {
  readonly ok: false;
  readonly text: string;
  readonly where: string;
  /** What is wrong. */
  readonly error: Error;
}

/**
 * Checks what can be checked before anything is fetched.
 *
 * @param operands URLs, `-` and `@file`.
 * @param terminal Where the files are.
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
    if (kind === undefined) throw new UsageError(`Cannot read '${operand}' as there is no such file`);
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
 * Checks that no file is read and written: what is to be written would take away what is to be read.
 *
 * @param operands URLs, `-` and `@file`.
 * @param written The files that flags name, by the flag.
 * @param terminal Where the files are.
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
      if (await realPath(operand.slice(1)) !== real) continue;
      throw new UsageError(`'--${flag}' must be another file than '${operand}', which is read`);
    }
  }
}

/** Whether exactly one URL is asked for, given as such. */
export function isSingleUrl(operands: readonly string[]): boolean {
  return operands.length === 1 && operands.every((operand) => operand !== "-" && !isFile(operand));
}

/** How many there are, when that is known before they are read. */
export function knownTotal(operands: readonly string[]): number | undefined {
  return operands.some((operand) => operand === "-" || isFile(operand)) ? undefined : operands.length;
}

/** How inputs are read. */
export interface ReadInputsOptions {
  /** Ends the inputs early, without an error. */
  readonly signal: AbortSignal;
  /** What relative URLs resolve against; without it they are refused. */
  readonly base?: URL | undefined;
}

/**
 * Reads the inputs one by one, in order. Blank lines and lines that begin with `#` are skipped; a line that begins with `{` is a request
 * in JSON. In a file, indented lines below a URL belong to it: `  header=Name: value`, `  method=`, `  data=`, `  json=`, `  out=`.
 *
 * @param operands URLs, `-` for the standard input, `@file` for a file; both with one URL a line.
 * @param terminal Where they are read.
 * @param options How they are read.
 * @returns The inputs; what is wrong with one does not end the others.
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
    } else yield toInput(operand, `argument ${index + 1}`, base);
  }
}

/** One among the lines below a URL; one that is not indented hides those below itself, as it does if it was a URL. */
const INDENTED_COMMENT = /^\s+#/;

/** A line, or a line with the indented ones below it. A program may wait for the response to each line of stdin, so those stand alone. */
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
    // What was read so far is fetched; that there is more is reported like any other failure.
    const reason = messageOf(cause);
    const error = new Error(`Cannot read on: ${reason}`, { cause });
    yield { ok: false, text: name, where: `${name}:${number}`, error };
  }
}

/** Whether a line says something of a URL that is not above it. Without its indent it may be a URL that is relative to a base. */
function isStray(block: string, base: URL | undefined): boolean {
  const [line = ""] = block.split("\n", 1);
  return isOptionLine(base === undefined ? ` ${line}` : line);
}

/** It is not shown, as a header may be a credential. */
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

/** A URL in quotes is what jq writes of a text. */
function unquoted(line: string): string {
  return line.startsWith('"') ? partsOfJson(line).url : line;
}

function isFile(operand: string): boolean {
  return operand.startsWith("@");
}

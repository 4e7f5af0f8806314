/**
 * Decodes a response body to the value that the caller asked for, and validates it.
 *
 * @module
 */

import {
  type DataIssue,
  InvalidDataError,
  type InvalidDataErrorOptions,
  type SlipstreamErrorOptions,
} from "../errors.ts";
import { findJsonFault } from "./json_fault.ts";
import type { StandardSchemaIssue, StandardSchemaResult, StandardSchemaV1 } from "./standard_schema.ts";

/** Options of {@linkcode decodeBody}. */
export interface DecodeOptions {
  /** The form of the value that the caller asked for. */
  readonly as: "json" | "text" | "bytes";
  /** Validates the decoded value; the caller gets the schema's output. */
  readonly schema: StandardSchemaV1 | undefined;
  /** The schema whose dialect the body may be in if it is no JSON; also one that does not validate the value. */
  readonly dialect?: StandardSchemaV1 | undefined;
  /** Describes the request for an error; called only for an error. */
  readonly describe: () => SlipstreamErrorOptions;
  /** Names the part of the response that the body is, for an error; by default the whole response. Called only for an error. */
  readonly part?: (() => string) | undefined;
}

/** The property of a schema that holds its {@linkcode DialectParser}. */
export const DIALECT: unique symbol = Symbol("slipstream.dialect");

/** Parses a text in a dialect of JSON; throws an error if the text is not in that dialect. */
export type DialectParser = (text: string) => unknown;

const MAX_SHOWN = 60;
const BLANK = /^[ \t\r\n]*$/;
/** HTML and XML are what most often arrives instead of JSON: the page of a proxy, a login, or an error. */
const HTML = /^\s*<(?:!doctype html|html|head|body)(?![\w-])/i;
const XML = /^\s*<\?xml\s/i;
const decoder = new TextDecoder();
/** The length of a byte order mark, the only bytes that decode to nothing. */
const MARK_BYTES = 3;

/**
 * Decodes a body, and validates it if there is a schema. As JSON, an empty body is `undefined`, and so is a body of white space
 * alone, which some frameworks send for "no content".
 *
 * @param body The body, as bytes or as text that was decoded from them.
 * @param options Options.
 * @returns The value; a promise of it only if the schema validates asynchronously.
 * @throws {InvalidDataError} If the body is not JSON, ends early, is larger than a string can be, or does not fit the schema. If
 * an asynchronous schema finds the fault, the returned promise rejects instead.
 */
export function decodeBody(body: Uint8Array<ArrayBuffer> | string, options: DecodeOptions): unknown {
  const value = options.as === "bytes" ? body : parse(body, options);
  return options.schema === undefined ? value : applySchema(value, options.schema, options);
}

/**
 * Returns the parser of a schema's dialect.
 *
 * @param schema The schema; its own, or one that a library derived from it by copying its properties.
 * @returns The parser; `undefined` for a schema that reads JSON alone.
 */
export function dialectOf(schema: StandardSchemaV1 | undefined): DialectParser | undefined {
  return (schema as { readonly [DIALECT]?: DialectParser } | undefined)?.[DIALECT];
}

function parse(body: Uint8Array<ArrayBuffer> | string, options: DecodeOptions): unknown {
  const text = typeof body === "string" ? body : decodeText(body, options);
  if (options.as === "text") return text;
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (BLANK.test(text)) return undefined;
    const parseDialect = dialectOf(options.dialect);
    if (parseDialect === undefined) throw syntaxError(text, cause, options);
    try {
      return parseDialect(text);
    } catch {
      // The text is not in the dialect either: say why it is no JSON.
      throw syntaxError(text, cause, options);
    }
  }
}

function decodeText(body: Uint8Array<ArrayBuffer>, options: DecodeOptions): string {
  try {
    const text = decoder.decode(body);
    // Of more bytes than a string can hold, Bun makes an empty text.
    if (text === "" && body.length > MARK_BYTES) throw new RangeError("The text is too long");
    return text;
  } catch (cause) {
    // Malformed bytes are replaced, so only the length can be wrong.
    throw invalid(options, "is larger than one value of this engine can be", { reason: "too-large", cause });
  }
}

function syntaxError(text: string, cause: unknown, options: DecodeOptions): InvalidDataError {
  const fault = findJsonFault(text);
  const position = fault?.position;
  if (fault?.endsEarly) {
    const what = `is JSON that ends early, after ${text.length} characters`;
    return invalid(options, what, { reason: "truncated", position, cause });
  }
  return invalid(options, notJson(text, position), { reason: "not-json", position, cause });
}

/** Says what a text is that is no JSON, in words that are the same on all engines. */
function notJson(text: string, position: number | undefined): string {
  // An engine may refuse JSON that the grammar allows, such as one with so many levels that the engine's stack overflows.
  if (position === undefined) return "is JSON that the engine can't parse";
  if (!BLANK.test(text.slice(0, position))) {
    return `is not JSON: unexpected ${tokenAt(text, position)} at position ${position}`;
  }
  const kind = HTML.test(text) ? "not JSON but HTML" : XML.test(text) ? "not JSON but XML" : "not JSON";
  const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
  return `is ${kind}: it begins with '${shown}'`;
}

/** Returns the word, or else the character, at a position of a text, quoted for an error message. */
function tokenAt(text: string, position: number): string {
  const [word] = /^\\?[\w.+-]{1,20}/.exec(text.slice(position, position + 24)) ?? [];
  if (word !== undefined) return `'${word}'`;
  const code = text.codePointAt(position)!;
  const char = String.fromCodePoint(code);
  if (/[\p{C}\p{Z}]/u.test(char)) return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  return char === "'" ? `"'"` : `'${char}'`;
}

function applySchema(value: unknown, schema: StandardSchemaV1, options: DecodeOptions): unknown {
  const result = schema["~standard"].validate(value);
  return typeof result === "object" && result !== null && "then" in result
    ? Promise.resolve(result).then((settled) => conclude(settled, options))
    : conclude(result, options);
}

function conclude(result: StandardSchemaResult<unknown>, options: DecodeOptions): unknown {
  assertResult(result);
  if (result.issues === undefined) return result.value;
  const issues = result.issues.map(toDataIssue);
  const [first] = issues;
  const where = first?.path ? ` at '${first.path}'` : "";
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
  const what = `does not fit the schema${where}: ${first?.message ?? "no reason given"}${more}`;
  throw invalid(options, what, { reason: "schema", issues });
}

/** Throws unless a schema's result follows the contract; a schema that the caller wrote may return anything. */
function assertResult(result: unknown): void {
  const isObject = typeof result === "object" && result !== null;
  if (isObject && (!("issues" in result) || result.issues === undefined || Array.isArray(result.issues))) {
    return;
  }
  const received = isObject ? "issues that are no array" : String(result);
  throw new TypeError(
    `Cannot validate as the schema's validate() must give { value } or { issues }: received ${received}`,
  );
}

function toDataIssue(issue: StandardSchemaIssue): DataIssue {
  const path = (issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part));
  return { message: issue.message, path: path.join(".") };
}

function invalid(
  { describe, part }: DecodeOptions,
  what: string,
  details: InvalidDataErrorOptions,
): InvalidDataError {
  const about = describe();
  const redirectedTo = about.context?.redirectedTo;
  const redirect = redirectedTo === undefined ? "" : `, redirected to ${redirectedTo},`;
  const subject = `${part?.() ?? "The response"} to ${about.method ?? "GET"} ${about.url ?? ""}${redirect}`;
  return new InvalidDataError(`${subject} ${what}`, { ...about, ...details });
}

/**
 * Results as lines of JSON (https://github.com/ndjson/ndjson-spec).
 *
 * @module
 */

const LINE_BREAKS = /[\r\n]+/g;
/** The length of a piece of a long body, in bytes or UTF-16 units: a multiple of 3, so that only the last piece of base64 is padded. */
const PIECE_LENGTH = 3 * 2 ** 20;
/** How many bytes become arguments of one call: every engine takes so many. */
const MAX_ARGUMENTS = 24_576;
const HIGH_SURROGATE = /[\uD800-\uDBFF]/;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Builds a line of JSON, with its line break. */
export function ndjsonLine(fields: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(fields)}\n`;
}

/**
 * Builds a line of JSON that ends with a body: JSON as `value`, unchanged down to the digits of its numbers; other UTF-8 text as
 * `text`; anything else as `base64`.
 *
 * @param fields The other fields.
 * @param body The body.
 * @returns The line, with its line break. A long line comes in pieces, made one by one: as one text it would take several times
 * the memory of the body, and may be longer than an engine can make it.
 */
export function ndjsonBodyLine(
  fields: Readonly<Record<string, unknown>>,
  body: Uint8Array<ArrayBuffer>,
): string | Generator<string, void> {
  const head = `${JSON.stringify(fields).slice(0, -1)},`;
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    // Not UTF-8, and so neither text nor JSON.
    return lineOf(`${head}"base64":"`, body, toBase64, '"}\n');
  }
  if (!isJson(text)) {
    return lineOf(`${head}"text":"`, text, (piece) => JSON.stringify(piece).slice(1, -1), '"}\n');
  }
  // JSON has line breaks between its tokens only, never inside a string.
  return lineOf(`${head}"value":`, text.trim(), (piece) => piece.replace(LINE_BREAKS, " "), "}\n");
}

/** Returns a line that consists of a beginning, a converted body and an end. */
function lineOf<Body extends string | Uint8Array<ArrayBuffer>>(
  begin: string,
  body: Body,
  convert: (piece: Body) => string,
  end: string,
): string | Generator<string, void> {
  return body.length > PIECE_LENGTH ? piecesOf(begin, body, convert, end) : begin + convert(body) + end;
}

function* piecesOf<Body extends string | Uint8Array<ArrayBuffer>>(
  begin: string,
  body: Body,
  convert: (piece: Body) => string,
  end: string,
): Generator<string, void> {
  yield begin;
  for (let from = 0, to: number; from < body.length; from = to) {
    to = from + PIECE_LENGTH;
    // A character outside the basic plane stays whole.
    if (typeof body === "string" && HIGH_SURROGATE.test(body.charAt(to - 1))) to++;
    yield convert(body.slice(from, to) as Body);
  }
  yield end;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // Then it is text.
    return false;
  }
}

function toBase64(bytes: Uint8Array<ArrayBuffer>): string {
  let binary = "";
  for (let start = 0; start < bytes.length; start += MAX_ARGUMENTS) {
    // Spreading the bytes into arguments is ten times as slow.
    binary += Reflect.apply(String.fromCharCode, undefined, bytes.subarray(start, start + MAX_ARGUMENTS));
  }
  return btoa(binary);
}

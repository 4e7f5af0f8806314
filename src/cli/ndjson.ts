/**
 * Results as lines of JSON (https://github.com/ndjson/ndjson-spec).
 *
 * @module
 */

const LINE_BREAKS = /[\r\n]+/g;
const BASE64_CHUNK = 0x8000;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Builds a line of JSON, with its line break.
 *
 * @param fields The fields.
 * @param body A body to append: JSON as `value`, unchanged down to the digits of its numbers; other UTF-8 text as
 * `text`; anything else as `base64`.
 * @returns The line.
 */
export function ndjsonLine(
  fields: Readonly<Record<string, unknown>>,
  body?: Uint8Array<ArrayBuffer>,
): string {
  const head = JSON.stringify(fields);
  if (body === undefined) return `${head}\n`;
  return `${head.slice(0, -1)},${bodyMember(body)}}\n`;
}

function bodyMember(body: Uint8Array<ArrayBuffer>): string {
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    // Not UTF-8, and so neither text nor JSON.
    return `"base64":"${toBase64(body)}"`;
  }
  if (!isJson(text)) return `"text":${JSON.stringify(text)}`;
  // JSON has line breaks between its tokens only, never inside a string.
  return `"value":${text.trim().replace(LINE_BREAKS, " ")}`;
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
  for (let start = 0; start < bytes.length; start += BASE64_CHUNK) {
    binary += String.fromCharCode(...bytes.subarray(start, start + BASE64_CHUNK));
  }
  return btoa(binary);
}

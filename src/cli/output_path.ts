/**
 * Names for files, made from URLs, that can't lead out of their folder and that every file system takes.
 *
 * @module
 */

import { hashName } from "./text_hash.ts";

const MAX_SEGMENT_BYTES = 180;
const MAX_EXTENSION_LENGTH = 16;
const MAX_PATH_LENGTH = 1_000;

// Control and format characters (some turn the direction of a name around), what Windows refuses, and both slashes.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}<>:"/\\|?*]/gu;
// Windows ignores dots and spaces at the end of a name; this takes care of `.` and `..` too.
const ENDING = /[. ]+$/;
// Names of devices on Windows, whatever their extension.
const RESERVED = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\.|$)/i;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * The path of the file for a URL: its host, then its decoded path. A query becomes a hash at the end of the name, so that
 * no token in it ends up on a disk.
 *
 * @param url The URL.
 * @returns The names of the folders and, last, of the file.
 */
export function outputPath(url: URL): readonly string[] {
  const names = url.pathname.split("/").slice(1);
  if (names.at(-1) === "") names[names.length - 1] = "index";
  const path = outputSegments([url.host, ...names.map(decode)]);
  const withQuery = url.search === "" ? path : withSuffix(path, `~${hashName(url.search)}`);
  const isShort = withQuery.join("/").length <= MAX_PATH_LENGTH;
  return isShort ? withQuery : [withQuery[0] ?? "_", hashName(url.href)];
}

/**
 * Makes names safe, one by one.
 *
 * @param names Any texts.
 * @returns As many names: none is empty, `.`, `..`, a device of Windows or too long, none has a slash or a control character.
 */
export function outputSegments(names: readonly string[]): readonly string[] {
  return names.map(safeName);
}

/** Puts a suffix at the end of the last name, before its extension. */
export function withSuffix(path: readonly string[], suffix: string): readonly string[] {
  const last = path.at(-1) ?? "_";
  const dot = extensionStart(last);
  return [...path.slice(0, -1), last.slice(0, dot) + suffix + last.slice(dot)];
}

function safeName(name: string): string {
  let safe = name.normalize("NFC").replace(UNSAFE, "_");
  safe = shorten(safe).replace(ENDING, (ending) => "_".repeat(ending.length));
  if (RESERVED.test(safe)) safe = `_${safe}`;
  return safe === "" ? "_" : safe;
}

function shorten(name: string): string {
  const bytes = encoder.encode(name);
  if (bytes.length <= MAX_SEGMENT_BYTES) return name;
  const extension = name.slice(extensionStart(name));
  // A character that is cut in half at the end becomes U+FFFD, which is taken away.
  const stem = decoder.decode(bytes.subarray(0, MAX_SEGMENT_BYTES - 80)).replace(/\uFFFD$/, "");
  return `${stem}~${hashName(name)}${extension}`;
}

/** Where the extension begins, with its dot; the length of the name when it has none. */
function extensionStart(name: string): number {
  const dot = name.lastIndexOf(".");
  return dot <= 0 || name.length - dot > MAX_EXTENSION_LENGTH ? name.length : dot;
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    // A broken escape: the name is taken as it stands.
    return name;
  }
}

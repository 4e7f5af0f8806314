/**
 * Names for files, made from URLs, that can't lead out of their folder and that every file system takes.
 *
 * @module
 */

import { hashName } from "./text_hash.ts";

const MAX_SEGMENT_BYTES = 180;
const MAX_EXTENSION_LENGTH = 16;
const MAX_PATH_LENGTH = 1_000;
/** The name of the file for a path that ends with a slash. */
const INDEX = "index";
/** The extension of names without one, so that a file never has the name of a folder. */
const NO_EXTENSION = ".body";
/** Names of unfinished files, and of the records beside them. */
const PART = /\.part(?:\.json)?$/i;
const PLAIN_HOST = /^(?:[a-z0-9.-]+|\[[0-9a-f:]+\])$/;
/** Path segments that a URL can write in one way only, which is the decoded name itself. */
const PLAIN_NAME = /^[A-Za-z0-9._@!$&'()+,;=-]+$/;

/** Matches a short name that is safe but for the names of devices, as most are: what {@linkcode safeName} does takes longer. */
const SAFE = /^[\w@!$&'()+,;=.-]{0,99}[\w@!$&'()+,;=-]$/;
// Control and format characters (some turn the direction of a name around), what Windows refuses, and both slashes.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}<>:"/\\|?*]/gu;
// Windows ignores dots and spaces at the end of a name; this takes care of `.` and `..` too.
const ENDING = /[. ]+$/;
// Names of devices on Windows, whatever their extension.
const RESERVED = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\.|$)/i;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Options of {@linkcode outputPath}. */
export interface OutputPathOptions {
  /** Whether the file system tells `A` from `a`. */
  readonly isCaseSensitive?: boolean | undefined;
  /** A text that tells requests for the same URL apart, such as by method and body; empty for a plain GET. */
  readonly variant?: string | undefined;
}

/**
 * Returns the path of the file for a URL: its host, then its decoded path. The path depends on nothing but the URL and the
 * options. No two URLs have the same path, and the file of one is never the folder of another. A hash at the end of a name stands
 * for all that can't be read back from it, above all a query; names with a `~` of their own get one too. So no token in a query
 * ends up on disk. A name without an extension gets `.body`.
 *
 * @param url The URL.
 * @param options Whether the file system tells `A` from `a`, and what tells the request from a plain GET.
 * @returns The names of the folders and, last, of the file.
 */
export function outputPath(url: URL, options: OutputPathOptions = {}): readonly string[] {
  const { isCaseSensitive = true, variant = "" } = options;
  const names = url.pathname.split("/").slice(1);
  const last = names.pop() ?? "";
  const host = hostFolder(url);
  const isPlain = (raw: string, name: string): boolean => isReadable(raw, name, isCaseSensitive);
  const query = queryOf(url);
  const identity = `${variant}${url.origin}${url.pathname}${query}`;
  const isOwn = query === "" && variant === "";
  const path = [
    host,
    ...names.map((raw) => folderName(raw, isPlain)),
    fileName(last, isOwn, identity, isPlain),
  ];
  const isShort = path.join("/").length <= MAX_PATH_LENGTH;
  return isShort ? path : [host, `long~${hashName(identity)}${NO_EXTENSION}`];
}

/** Returns the query with its `?`. A `?` with nothing behind it is sent too, and makes another URL. */
function queryOf({ search, href }: URL): string {
  return search === "" && href.split("#", 1)[0]!.endsWith("?") ? "?" : search;
}

/** Returns the folder of a host: `example.com` for https, `example.com_80` for http. At other ports, `~tls` marks https. */
function hostFolder({ protocol, hostname, port }: URL): string {
  const name = PLAIN_HOST.test(hostname) ? safeName(hostname) : `${safeName(hostname)}~${hashName(hostname)}`;
  if (protocol === "https:") return port === "" ? name : `${name}_${port}~tls`;
  return `${name}_${port === "" ? "80" : port}`;
}

function folderName(raw: string, isPlain: (raw: string, name: string) => boolean): string {
  const name = decode(raw);
  if (!isPlain(raw, name)) return `${safeName(name)}~${hashName(raw)}`;
  return extensionStart(name) === name.length ? name : `${name}~d`;
}

function fileName(
  raw: string,
  isOwn: boolean,
  identity: string,
  isPlain: (raw: string, name: string) => boolean,
): string {
  const name = raw === "" ? INDEX : decode(raw);
  const isTaken = raw === INDEX || name.endsWith(NO_EXTENSION) || isPartName(name);
  const safe = safeName(name);
  const dot = extensionStart(safe);
  const extension = dot === safe.length ? NO_EXTENSION : safe.slice(dot);
  const isReadable = isOwn && !isTaken && (raw === "" || isPlain(raw, name));
  return `${safe.slice(0, dot)}${isReadable ? "" : `~${hashName(identity)}`}${extension}`;
}

/** Returns whether a path segment of a URL can be read back from its name. */
function isReadable(raw: string, name: string, isCaseSensitive: boolean): boolean {
  if (name.includes("~") || safeName(name) !== name) return false;
  if (!isCaseSensitive && name !== name.toLowerCase()) return false;
  return PLAIN_NAME.test(raw) || new URL(`http://h/${name}`).pathname === `/${raw}`;
}

/**
 * Makes names safe, one by one.
 *
 * @param names Any texts.
 * @returns The same number of names: none is empty, `.`, `..`, a device of Windows or too long, none has a slash or a control
 * character.
 */
export function outputSegments(names: readonly string[]): readonly string[] {
  return names.map(safeName);
}

function safeName(name: string): string {
  if (SAFE.test(name) && !RESERVED.test(name)) return name;
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

/** Returns whether a name may be that of an unfinished file or of its record. */
export function isPartName(name: string): boolean {
  return PART.test(name);
}

/** Returns the index of the extension, which includes its dot; the length of the name if it has none. */
function extensionStart(name: string): number {
  const dot = name.lastIndexOf(".");
  return dot <= 0 || name.includes("~", dot) || name.length - dot > MAX_EXTENSION_LENGTH ? name.length : dot;
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    // A broken percent escape: keep the name as it is.
    return name;
  }
}

/**
 * Names for files, made from URLs, that can't lead out of their folder and that every file system takes.
 *
 * @module
 */

import { hashName } from "./text_hash.ts";

const MAX_SEGMENT_BYTES = 180;
const MAX_EXTENSION_LENGTH = 16;
const MAX_PATH_LENGTH = 1_000;
/** The file of a path that ends with a slash. */
const INDEX = "index";
/** So that a file never has the name of a folder. */
const NO_EXTENSION = ".body";
/** What files are called while they come, and what is noted beside them. */
const PART = /\.part(?:\.json)?$/i;
const PLAIN_HOST = /^(?:[a-z0-9.-]+|\[[0-9a-f:]+\])$/;
/** What a URL can't write in another way than its name. */
const PLAIN_NAME = /^[A-Za-z0-9._@!$&'()+,;=-]+$/;

// Control and format characters (some turn the direction of a name around), what Windows refuses, and both slashes.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}<>:"/\\|?*]/gu;
// Windows ignores dots and spaces at the end of a name; this takes care of `.` and `..` too.
const ENDING = /[. ]+$/;
// Names of devices on Windows, whatever their extension.
const RESERVED = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\.|$)/i;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What else a name depends on. */
export interface OutputPathOptions {
  /** Whether the file system tells `A` from `a`. */
  readonly isCaseSensitive?: boolean | undefined;
  /** What tells requests for the same URL apart, such as method and body; nothing for a plain GET. */
  readonly variant?: string | undefined;
}

/**
 * The path of the file for a URL: its host, then its decoded path. It depends on nothing but the URL, and no two URLs have the same
 * one, nor is the file of one the folder of another: whatever can't be read back from a name, a query first of all, becomes a hash at its
 * end (`~` is found in such names only). So no token of a query ends up on a disk. A name without an extension gets `.body`.
 *
 * @param url The URL.
 * @param options What else the name depends on.
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

/** The query with its `?`, which is sent also where nothing follows it. */
function queryOf({ search, href }: URL): string {
  return search === "" && href.split("#", 1)[0]!.endsWith("?") ? "?" : search;
}

/** `example.com` for https, `example.com_80` for http; of other ports https is the one that is marked. */
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

/** Whether the part of a URL can be read back from its name. */
function isReadable(raw: string, name: string, isCaseSensitive: boolean): boolean {
  if (name.includes("~") || safeName(name) !== name) return false;
  if (!isCaseSensitive && name !== name.toLowerCase()) return false;
  return PLAIN_NAME.test(raw) || new URL(`http://h/${name}`).pathname === `/${raw}`;
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

/** Whether another file may be called so while it comes. */
export function isPartName(name: string): boolean {
  return PART.test(name);
}

/** Where the extension begins, with its dot; the length of the name when it has none. */
function extensionStart(name: string): number {
  const dot = name.lastIndexOf(".");
  return dot <= 0 || name.includes("~", dot) || name.length - dot > MAX_EXTENSION_LENGTH ? name.length : dot;
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    // A broken escape: the name is taken as it stands.
    return name;
  }
}

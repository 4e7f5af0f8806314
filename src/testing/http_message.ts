/**
 * Encodes HTTP/1.1 messages (RFC 9112).
 *
 * @module
 */

import { concatenate } from "../http/concatenate.ts";

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  204: "No Content",
  206: "Partial Content",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  408: "Request Timeout",
  410: "Gone",
  413: "Content Too Large",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

const encoder = new TextEncoder();

/** The end of a chunked body. */
export const LAST_CHUNK: Uint8Array = encoder.encode("0\r\n\r\n");

/** Returns the reason phrase of a status; empty for an uncommon status. */
export function statusText(status: number): string {
  return REASONS[status] ?? "";
}

/** Encodes the status line and the header section. */
export function encodeHead(status: number, headers: Readonly<Record<string, string>>): Uint8Array {
  let text = `HTTP/1.1 ${status} ${statusText(status)}\r\n`;
  for (const name in headers) text += `${name}: ${headers[name]}\r\n`;
  return encoder.encode(text + "\r\n");
}

/** Encodes one chunk of a chunked body. */
export function encodeChunk(bytes: Uint8Array): Uint8Array {
  return concatenate([encoder.encode(`${bytes.length.toString(16)}\r\n`), bytes, encoder.encode("\r\n")]);
}

/**
 * Bodies that are small on the wire, and large when they are decoded.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { OK, withBytes } from "./siege.ts";

const MEMBER_BYTES = 2 ** 24;
const MEMBERS = 64;

/** A content coding that every runtime decodes. */
export type Coding = "gzip" | "br" | "deflate";

/** Returns an answer whose body has a megabyte on the wire, and a gigabyte of the letter when it is decoded. */
export function gzipBomb(letter: string, contentType = "application/json"): Uint8Array {
  // Several gzip members after one another are one stream (RFC 1952 §2.2).
  const member = gzipSync(new Uint8Array(MEMBER_BYTES).fill(letter.charCodeAt(0)));
  return codedAnswer("gzip", Buffer.concat(Array.from({ length: MEMBERS }, () => member)), contentType);
}

/** Returns an answer with the given body, whose `Content-Encoding` is `coding` even if the body is not encoded. */
export function codedAnswer(coding: string, body: Uint8Array, contentType = "application/json"): Uint8Array {
  const head = `${OK}Content-Type: ${contentType}\r\nContent-Encoding: ${coding}\r\n`;
  return withBytes(`${head}Content-Length: ${body.length}\r\n`, body);
}

/** Encodes a text. */
export function encode(coding: Coding, text: string): Uint8Array {
  const codecs = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync };
  return codecs[coding](text);
}

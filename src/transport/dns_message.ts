/**
 * Encodes and decodes messages of the Domain Name System (RFC 1035, RFC 3596), as far as resolving addresses needs them.
 *
 * @module
 */

import { formatIpv6 } from "./ip_address.ts";

/** The type of a question: an IPv4 (`A`) or an IPv6 (`AAAA`) address. */
export type AddressType = "A" | "AAAA";

/** The answer of a resolver. */
export interface DnsAnswer {
  /** The addresses, also those that aliases lead to; empty if the name does not exist, or has no address of this type. */
  readonly addresses: readonly string[];
  /** How long the answer is valid, in seconds; `undefined` if it does not say. */
  readonly ttlSeconds: number | undefined;
  /** Whether the name does not exist at all. */
  readonly isMissing: boolean;
}

/** A malformed message, or one that reports a failure of the resolver. */
export class DnsMessageError extends Error {
  override readonly name: string = "DnsMessageError";
}

const TYPES: Readonly<Record<AddressType, number>> = { A: 1, AAAA: 28 };
const CNAME = 5;
const SOA = 6;
const INTERNET = 1;
const HEADER_BYTES = 12;
const MAX_LABEL_BYTES = 63;
const MAX_NAME_BYTES = 253;
const MAX_POINTERS = 64;
const NO_SUCH_NAME = 3;
const RESPONSE_CODES: Readonly<Record<number, string>> = {
  1: "it does not understand the question",
  2: "it has failed",
  4: "it does not know this kind of question",
  5: "it refuses",
};

/**
 * Encodes a question. Its ID is 0, so that HTTP caches can store the answer (RFC 8484 §4.1).
 *
 * @param host The name, as in a URL.
 * @param type The type of address.
 * @returns The message; `undefined` if the host is no valid name of the system.
 */
export function encodeQuery(host: string, type: AddressType): Uint8Array<ArrayBuffer> | undefined {
  const labels = host.replace(/\.$/, "").split(".").map((label) => new TextEncoder().encode(label));
  const length = labels.reduce((sum, label) => sum + label.length + 1, 0);
  const isName = length <= MAX_NAME_BYTES + 1 &&
    labels.every((label) => label.length > 0 && label.length <= MAX_LABEL_BYTES);
  if (!isName) return undefined;
  const header = [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]; // recursion desired, one question
  const name = labels.flatMap((label) => [label.length, ...label]);
  return Uint8Array.of(...header, ...name, 0, 0, TYPES[type], 0, INTERNET);
}

interface DnsRecord {
  readonly owner: string;
  readonly type: number;
  readonly ttlSeconds: number;
  /** The index at which the record's data begin, and their length. */
  readonly start: number;
  readonly length: number;
}

/**
 * Decodes an answer.
 *
 * @param bytes The message.
 * @param host The name of the question, as in a URL.
 * @param type The type of the question.
 * @returns The answer.
 * @throws {DnsMessageError} If the message is no answer, answers another question, is truncated, or reports a failure of the
 * resolver.
 */
export function decodeAnswer(bytes: Uint8Array, host: string, type: AddressType): DnsAnswer {
  const reader = new MessageReader(bytes);
  const flags = reader.uint16(2);
  const code = flags & 15;
  if ((flags & 0x8000) === 0 || (flags & 0x0200) !== 0) throw new DnsMessageError("it sent no whole answer");
  if (code !== 0 && code !== NO_SUCH_NAME) {
    throw new DnsMessageError(RESPONSE_CODES[code] ?? `it answered with code ${code}`);
  }
  const asked = host.replace(/\.$/, "").toLowerCase();
  for (let left = reader.uint16(4); left > 0; left--) {
    const isAsked = reader.name() === asked && reader.uint16(reader.position) === TYPES[type];
    if (!isAsked) throw new DnsMessageError("it answered another question");
    reader.position += 4;
  }
  const answers = reader.records(reader.uint16(6));
  const authorities = reader.records(reader.uint16(8));
  const { addresses, ttls } = follow(reader, asked, answers, type);
  if (addresses.length === 0) {
    ttls.push(...authorities.filter((record) => record.type === SOA).map(reader.soaTtl));
  }
  return {
    addresses,
    ttlSeconds: ttls.length === 0 ? undefined : Math.min(...ttls),
    isMissing: code === NO_SUCH_NAME,
  };
}

/** Follows the aliases from the name of the question, and collects the addresses and the times to live. */
function follow(
  reader: MessageReader,
  asked: string,
  answers: readonly DnsRecord[],
  type: AddressType,
): { readonly addresses: string[]; readonly ttls: number[] } {
  const ttls: number[] = [];
  const names = new Set([asked]);
  for (const name of names) { // iterating a set also visits the names added on the way
    for (const record of answers) {
      if (record.type !== CNAME || record.owner !== name) continue;
      names.add(reader.nameAt(record.start));
      ttls.push(record.ttlSeconds);
    }
  }
  const size = type === "A" ? 4 : 16;
  const own = answers.filter((record) =>
    record.type === TYPES[type] && record.length === size && names.has(record.owner)
  );
  ttls.push(...own.map(({ ttlSeconds }) => ttlSeconds));
  return { addresses: own.map(({ start }) => reader.address(start, type)), ttls };
}

class MessageReader {
  position = HEADER_BYTES;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  #byte(at: number): number {
    const byte = this.#bytes[at];
    if (byte === undefined) throw new DnsMessageError("it sent no whole answer");
    return byte;
  }

  uint16(at: number): number {
    return this.#byte(at) << 8 | this.#byte(at + 1);
  }

  #uint32(at: number): number {
    return this.uint16(at) * 65_536 + this.uint16(at + 2);
  }

  /** Reads a name in lower case, and moves the position behind it. */
  name(): string {
    const [name, end] = this.#readName(this.position);
    this.position = end;
    return name;
  }

  nameAt(at: number): string {
    return this.#readName(at)[0];
  }

  /** Reads a name, whose rest may be elsewhere in the message (RFC 1035 §4.1.4). Returns the name and the index behind it. */
  #readName(start: number): readonly [string, number] {
    const labels: string[] = [];
    let at = start;
    let end: number | undefined;
    for (let pointers = 0;;) {
      const length = this.#byte(at);
      if (length === 0) return [labels.join(".").toLowerCase(), end ?? at + 1];
      if (length >= 0xc0) {
        if (++pointers > MAX_POINTERS) throw new DnsMessageError("it sent a name without an end");
        end ??= at + 2;
        at = this.uint16(at) & 0x3fff;
        continue;
      }
      if (length > MAX_LABEL_BYTES || labels.length > 127) throw new DnsMessageError("it sent a broken name");
      this.#byte(at + length);
      labels.push(new TextDecoder("latin1").decode(this.#bytes.subarray(at + 1, at + 1 + length)));
      at += length + 1;
    }
  }

  records(count: number): DnsRecord[] {
    const records: DnsRecord[] = [];
    for (let left = count; left > 0; left--) {
      const owner = this.name();
      const at = this.position;
      const length = this.uint16(at + 8);
      if (length > 0) this.#byte(at + 9 + length);
      records.push({
        owner,
        type: this.uint16(at),
        ttlSeconds: this.#uint32(at + 4),
        start: at + 10,
        length,
      });
      this.position = at + 10 + length;
    }
    return records;
  }

  /** Returns how long the absence of addresses is valid, in seconds (RFC 2308 §5). */
  readonly soaTtl = ({ start, length, ttlSeconds }: DnsRecord): number =>
    Math.min(ttlSeconds, this.#uint32(start + length - 4));

  address(at: number, type: AddressType): string {
    if (type === "A") return [...this.#bytes.subarray(at, at + 4)].join(".");
    return formatIpv6(this.#bytes.subarray(at, at + 16));
  }
}

import { assertEquals, assertThrows } from "@std/assert";
import { decodeAnswer, DnsMessageError, encodeQuery } from "../../src/transport/dns_message.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.replaceAll(/\s/g, "").match(/../g)!, (byte) => parseInt(byte, 16));
}

/** The answer of RFC 8484 §4.2.2. */
const RFC_ANSWER = fromHex(`
  00 00 81 80 00 01 00 01 00 00 00 00 03 77 77 77 07 65 78 61 6d 70 6c 65 03 63 6f 6d 00 00 1c 00 01
  c0 0c 00 1c 00 01 00 00 0e 7d 00 10 20 01 0d b8 ab cd 00 12 00 01 00 02 00 03 00 04`);

interface Parts {
  readonly flags?: number;
  readonly answers?: readonly (readonly number[])[];
  readonly authorities?: readonly (readonly number[])[];
}

/** An answer to a question for the addresses of `a.test`; the name is at byte 12, `test` at byte 14. */
function message({ flags = 0x8180, answers = [], authorities = [] }: Parts): Uint8Array {
  const header = [0, 0, flags >> 8, flags & 255, 0, 1, 0, answers.length, 0, authorities.length, 0, 0];
  const question = [1, 97, 4, 116, 101, 115, 116, 0, 0, 1, 0, 1];
  return Uint8Array.of(...header, ...question, ...answers.flat(), ...authorities.flat());
}

function record(owner: readonly number[], type: number, ttl: number, data: readonly number[]): number[] {
  return [...owner, 0, type, 0, 1, 0, 0, ttl >> 8, ttl & 255, 0, data.length, ...data];
}

const ASKED = [0xc0, 12];
const OTHER = [1, 98, 0xc0, 14]; // b.test

test("encodeQuery() writes the question of RFC 8484", () => {
  const query = encodeQuery("www.example.com", "A")!;
  assertEquals(
    query.toBase64({ alphabet: "base64url", omitPadding: true }),
    "AAABAAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQAB",
  );
  assertEquals(encodeQuery("www.example.com.", "A"), query);
  assertEquals([...encodeQuery("a.test", "AAAA")!.slice(-4)], [0, 28, 0, 1]);
});

test("encodeQuery() returns nothing for a text that can be no name", () => {
  for (const host of ["", "a..test", `${"a".repeat(64)}.test`, `${"a.".repeat(127)}test`, "."]) {
    assertEquals(encodeQuery(host, "A"), undefined);
  }
  const longest = `${"a.".repeat(126)}a`;
  assertEquals(encodeQuery(longest, "A")?.length, 12 + 255 + 4);
});

test("decodeAnswer() reads the answer of RFC 8484", () => {
  const { addresses, ttlSeconds, isMissing } = decodeAnswer(RFC_ANSWER, "www.example.com", "AAAA");
  assertEquals(new URL(`http://[${addresses[0]}]/`).hostname, "[2001:db8:abcd:12:1:2:3:4]");
  assertEquals([addresses.length, ttlSeconds, isMissing], [1, 3709, false]);
});

test("decodeAnswer() follows aliases, and uses the shortest lifetime", () => {
  const answers = [
    record(OTHER, 1, 30, [10, 0, 0, 2]),
    record(ASKED, 5, 20, OTHER),
    record(OTHER, 1, 40, [10, 0, 0, 3]),
  ];
  assertEquals(decodeAnswer(message({ answers }), "a.test", "A"), {
    addresses: ["10.0.0.2", "10.0.0.3"],
    ttlSeconds: 20,
    isMissing: false,
  });
});

test("decodeAnswer() ignores records that were not asked for: other names, kinds and lengths", () => {
  const answers = [
    record(OTHER, 1, 30, [10, 0, 0, 2]),
    record(ASKED, 28, 30, Array(16).fill(1)),
    record(ASKED, 1, 30, [1, 2, 3]),
    record(ASKED, 1, 60, [10, 0, 0, 1]),
  ];
  assertEquals(decodeAnswer(message({ answers }), "a.test", "A"), {
    addresses: ["10.0.0.1"],
    ttlSeconds: 60,
    isMissing: false,
  });
});

test("decodeAnswer() says for how long the absence of addresses is valid", () => {
  const soa = record([0xc0, 14], 6, 900, [0, 0, ...Array(16).fill(0), 0, 0, 0, 50]);
  const missing = decodeAnswer(message({ flags: 0x8183, authorities: [soa] }), "a.test", "A");
  assertEquals(missing, { addresses: [], ttlSeconds: 50, isMissing: true });
  assertEquals(decodeAnswer(message({}), "a.test", "A"), {
    addresses: [],
    ttlSeconds: undefined,
    isMissing: false,
  });
});

test("decodeAnswer() refuses failures, queries and truncated answers", () => {
  for (const flags of [0x8182, 0x8185, 0x8189, 0x0100, 0x8380]) {
    assertThrows(() => decodeAnswer(message({ flags }), "a.test", "A"), DnsMessageError);
  }
  for (let length = 0; length < RFC_ANSWER.length; length++) {
    assertThrows(
      () => decodeAnswer(RFC_ANSWER.subarray(0, length), "www.example.com", "AAAA"),
      DnsMessageError,
    );
  }
});

test("decodeAnswer() accepts names in any case, a final dot, and a missing question", () => {
  const answers = [record(ASKED, 1, 30, [10, 0, 0, 1])];
  for (const host of ["a.test", "A.Test", "a.test."]) {
    assertEquals(decodeAnswer(message({ answers }), host, "A").addresses, ["10.0.0.1"]);
  }
  const named = [record([1, 65, 4, 84, 69, 83, 84, 0], 1, 30, [10, 0, 0, 2])];
  const header = [0, 0, 0x81, 0x80, 0, 0, 0, 1, 0, 0, 0, 0];
  const bare = Uint8Array.of(...header, ...named.flat());
  assertEquals(decodeAnswer(bare, "a.test", "A").addresses, ["10.0.0.2"]);
  assertEquals(decodeAnswer(bare, "b.test", "A").addresses, []);
});

test("decodeAnswer() refuses the answer to another question: another name, or another kind of address", () => {
  const answers = [record(ASKED, 1, 30, [10, 0, 0, 1])];
  for (
    const [host, type] of [["b.test", "A"], ["test", "A"], ["x.a.test", "A"], ["a.test", "AAAA"]] as const
  ) {
    assertThrows(
      () => decodeAnswer(message({ answers }), host, type),
      DnsMessageError,
      "it answered another question",
    );
  }
});

test("decodeAnswer() ends for names that point at themselves, and circular aliases", () => {
  assertThrows(
    () => decodeAnswer(message({ answers: [[0xc0, 24, ...Array(14).fill(0)]] }), "a.test", "A"),
    DnsMessageError,
  );
  const answers = [record(ASKED, 5, 20, OTHER), record(OTHER, 5, 20, ASKED)];
  assertEquals(decodeAnswer(message({ answers }), "a.test", "A").addresses, []);
});

test("decodeAnswer() returns an answer or an error for any bytes", () => {
  const random = seededRandom(3);
  for (let run = 0; run < 5_000; run++) {
    const bytes = RFC_ANSWER.slice();
    for (let change = 0; change < 3; change++) {
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    }
    try {
      decodeAnswer(bytes, "www.example.com", "AAAA");
    } catch (error) {
      assertEquals(error instanceof DnsMessageError, true);
    }
  }
});

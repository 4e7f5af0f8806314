import { assertEquals } from "@std/assert";
import { isPem } from "../../src/transport/pem.ts";
import { CA, CERTIFICATE, KEY } from "../support/net_servers.ts";
import { test } from "../support/test.ts";
import { withoutMember } from "../support/without_member.ts";

test("isPem() accepts whole blocks, with any text between them", () => {
  for (
    const text of [CA, CA + CERTIFICATE, `subject=CN\n${CA}\n\n`, CA.replaceAll("\n", "\r\n"), CA.trim()]
  ) {
    assertEquals(isPem(text, "CERTIFICATE"), true);
  }
  assertEquals([isPem(KEY, "PRIVATE KEY"), isPem(KEY, "(?:[A-Z]+ )?PRIVATE KEY")], [true, true]);
});

test("isPem() refuses truncated, broken and other texts", () => {
  const lines = CA.trim().split("\n");
  const texts: readonly unknown[] = [
    "",
    "ca.pem",
    KEY,
    CA.slice(0, -40), // no end
    lines.toSpliced(3, 1).join("\n"), // a line is missing
    lines.with(3, "!").join("\n"),
    CA + CA.slice(0, 60), // another one begins
    "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
    CA.replace("END CERTIFICATE", "END PRIVATE KEY"),
    new TextEncoder().encode(CA),
    undefined,
  ];
  for (const text of texts) assertEquals(isPem(text, "CERTIFICATE"), false);
});

test("isPem() reads a certificate where Uint8Array.fromBase64 does not exist, as before Deno 2.5", async () => {
  await withoutMember(Uint8Array, "fromBase64", () => assertEquals(isPem(CA, "CERTIFICATE"), true));
});

test("isPem() refuses an encrypted key", () => {
  const text =
    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES,0\n\nAAAA\n-----END RSA PRIVATE KEY-----";
  assertEquals(isPem(text, "(?:[A-Z]+ )?PRIVATE KEY"), false);
});

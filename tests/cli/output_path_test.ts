import { assert, assertEquals, assertFalse, assertMatch, assertNotEquals } from "@std/assert";
import { outputPath, outputSegments, withSuffix } from "../../src/cli/output_path.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";

const path = (url: string): string => outputPath(new URL(url)).join("/");

test("outputPath() is the host and the decoded path", () => {
  assertEquals(path("https://example.com/a/b.json"), "example.com/a/b.json");
  assertEquals(
    path("https://cdn.example.com/2025@main/Abu%20Dhabi/VER.json#x"),
    "cdn.example.com/2025@main/Abu Dhabi/VER.json",
  );
  assertEquals(path("http://127.0.0.1:8080/x"), "127.0.0.1_8080/x");
  assertEquals(path("http://[::1]:8080/x"), "[__1]_8080/x");
});

test("outputPath() calls a folder's page index", () => {
  assertEquals(path("https://example.com"), "example.com/index");
  assertEquals(path("https://example.com/a/"), "example.com/a/index");
});

test("outputPath() never has user info in it", () => {
  assertEquals(path("https://user:s3cret@example.com/a"), "example.com/a");
});

test("outputPath() turns a query into a hash before the extension", () => {
  const first = path("https://example.com/laps.json?token=s3cret");
  assertMatch(first, /^example\.com\/laps~[0-9a-z]{11}\.json$/);
  assertEquals(path("https://example.com/laps.json?token=s3cret"), first);
  assertNotEquals(path("https://example.com/laps.json?token=s3cret2"), first);
});

test("outputPath() shortens what no file system takes", () => {
  const long = path(`https://example.com/${"é".repeat(300)}.json`);
  assert(new TextEncoder().encode(long).length < 200, long);
  assert(long.endsWith(".json"), long);
  assertNotEquals(path(`https://example.com/${"é".repeat(301)}.json`), long);
  const deep = path(`https://example.com/${"a/".repeat(2_000)}b`);
  assertMatch(deep, /^example\.com\/[0-9a-z]{11}$/);
});

test("withSuffix() goes before the extension of the last name", () => {
  assertEquals(withSuffix(["a.b", "c.json"], "~2"), ["a.b", "c~2.json"]);
  assertEquals(withSuffix(["c"], "~2"), ["c~2"]);
  assertEquals(withSuffix([".env"], "~2"), [".env~2"]);
  assertEquals(withSuffix([`a.${"x".repeat(40)}`], "~2"), [`a.${"x".repeat(40)}~2`]);
});

const NASTY = [
  "",
  ".",
  "..",
  "...",
  ". .",
  "/",
  "\\",
  "../../etc/passwd",
  "..\\..\\boot.ini",
  "/etc/passwd",
  "C:\\Windows",
  "C:",
  "\\\\server\\share",
  "a\0b",
  "\0",
  "a/b",
  "a\nb",
  "a\u202egpj.exe",
  "\ud800",
  "\u2028",
  "con",
  "CON.txt",
  "Nul",
  "aux.tar.gz",
  "COM1",
  "lpt9.json",
  "COM¹",
  "CONIN$",
  "con .txt",
  "name.",
  "name ",
  "name. . ",
  "a:b",
  "file::$DATA",
  'a"b',
  "a|b",
  "a?b",
  "a*b",
  "<script>",
  "x".repeat(5_000),
  "😀".repeat(500),
  "é".repeat(500),
  ".".repeat(300),
  "\u007f",
  "\u200b",
  "~",
  "-rf",
  ".slipstream",
];

const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(?:\.|$)/i;

function assertSafe(name: string, from: string): void {
  const shown = `${JSON.stringify(from)} → ${JSON.stringify(name)}`;
  assert(name.length > 0 && new TextEncoder().encode(name).length <= 200, shown);
  assertFalse(/[/\\:*?"<>|]/.test(name), shown);
  assertFalse(/[\p{Cc}\p{Cf}\p{Cs}]/u.test(name), shown);
  assertFalse(/^\.+$|[. ]$/.test(name), shown);
  assertFalse(WINDOWS_DEVICE.test(name), shown);
}

test("outputSegments() makes every nasty name safe", () => {
  for (const nasty of NASTY) {
    const segments = outputSegments(["a", nasty, "b"]);
    assertEquals(segments.length, 3);
    assertEquals([segments[0], segments[2]], ["a", "b"]);
    assertSafe(segments[1] ?? "", nasty);
  }
});

test("outputPath() makes every nasty path safe, raw and encoded", () => {
  for (const nasty of NASTY) {
    for (const written of [nasty, encodeURIComponent(nasty.toWellFormed()), nasty.replaceAll(".", "%2e")]) {
      const url = URL.parse(`https://example.com/a/${written}/b`);
      for (const name of url === null ? [] : outputPath(url)) assertSafe(name, written);
    }
  }
});

test("outputSegments() makes any name safe, and names that are safe stay as they are", () => {
  const random = seededRandom(42);
  const pieces = [
    ...NASTY.map((name) => name.slice(0, 300)),
    "a",
    "Z",
    "9",
    " ",
    ".",
    "%2f",
    "\t",
    "名",
    "e\u0301",
  ];
  const pick = () => pieces[Math.floor(random() * pieces.length)] ?? "";
  for (let round = 0; round < 5_000; round++) {
    const name = Array.from({ length: Math.floor(random() * 5) }, pick).join("");
    const [safe = ""] = outputSegments([name]);
    assertSafe(safe, name);
    assertEquals(outputSegments([safe]), [safe]);
  }
});

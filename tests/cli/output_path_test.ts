import { assert, assertEquals, assertFalse, assertMatch, assertNotEquals } from "@std/assert";
import { outputPath, outputSegments } from "../../src/cli/output_path.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";

const path = (url: string): string => outputPath(new URL(url)).join("/");

test("outputPath() is the host and the decoded path", () => {
  assertEquals(path("https://example.com/a/b.json"), "example.com/a/b.json");
  assertEquals(
    path("https://cdn.example.com/2025@main/Abu%20Dhabi/VER.json#x"),
    "cdn.example.com/2025@main/Abu Dhabi/VER.json",
  );
  assertEquals(path("http://127.0.0.1:8080/x.json"), "127.0.0.1_8080/x.json");
  assertEquals(path("http://[::1]:8080/x.json"), "[__1]_8080/x.json");
});

test("outputPath() is different for different schemes and ports of a host", () => {
  const hosts = ["https://h", "http://h", "https://h:8443", "http://h:8443", "http://h:443", "https://h:80"];
  const paths = hosts.map((host) => path(`${host}/a.json`));
  assertEquals(paths.slice(0, 4), ["h/a.json", "h_80/a.json", "h_8443~tls/a.json", "h_8443/a.json"]);
  assertEquals(new Set(paths).size, hosts.length);
});

test("outputPath() adds a missing extension, and uses index for the page of a folder", () => {
  assertEquals(path("https://example.com/users/1"), "example.com/users/1.body");
  assertEquals(path("https://example.com"), "example.com/index.body");
  assertEquals(path("https://example.com/a/"), "example.com/a/index.body");
  assertMatch(path("https://example.com/a/index"), /^example\.com\/a\/index~[0-9a-z]{11}\.body$/);
});

test("outputPath() never contains user info", () => {
  assertEquals(path("https://user:s3cret@example.com/a.json"), "example.com/a.json");
});

test("outputPath() turns a query into a hash before the extension", () => {
  const first = path("https://example.com/laps.json?token=s3cret");
  assertMatch(first, /^example\.com\/laps~[0-9a-z]{11}\.json$/);
  assertEquals(path("https://example.com/laps.json?token=s3cret"), first);
  assertNotEquals(path("https://example.com/laps.json?token=s3cret2"), first);
});

test("outputPath() tells an empty query from none, as servers can, and ignores the fragment", () => {
  for (const isCaseSensitive of [true, false]) {
    for (const url of ["https://h/A.json", "https://h/a.json", "https://h/", "https://h/a~b"]) {
      const paths = ["", "?", "?#x", "#", "#?", "?a", "??"].map((end) =>
        outputPath(new URL(url + end), { isCaseSensitive }).join("/")
      );
      assertEquals([paths[3], paths[4], paths[2]], [paths[0], paths[0], paths[1]]);
      assertEquals(new Set(paths).size, 4, paths.join(" "));
    }
  }
});

test("outputPath() is different for every variant of a URL", () => {
  const url = new URL("https://h/a.json");
  const paths = ["", "POST 1", "POST 2", "PUT 1"].map((variant) => outputPath(url, { variant }).join("/"));
  assertEquals([paths[0], new Set(paths).size], ["h/a.json", 4]);
  assertEquals(outputPath(url, { variant: "POST 1" }).join("/"), paths[1]);
});

test("outputPath() shortens names that are too long for file systems", () => {
  const long = path(`https://example.com/${"é".repeat(300)}.json`);
  assert(new TextEncoder().encode(long).length < 200, long);
  assert(long.endsWith(".json"), long);
  assertNotEquals(path(`https://example.com/${"é".repeat(301)}.json`), long);
  const deep = path(`https://example.com/${"a/".repeat(2_000)}b`);
  assertMatch(deep, /^example\.com\/long~[0-9a-z]{11}\.body$/);
});

/** Parts of URLs that a careless implementation maps to the same name, or to a file in the place of a folder. */
const ALIKE = [
  "a",
  "A",
  "a.json",
  "A.JSON",
  "a.body",
  "a.body.body",
  "index",
  "index.body",
  "INDEX",
  "v1.2",
  "v1.2~d",
  "%61",
  "%61.json",
  "a~b",
  "a.b~c",
  "a%2Fb",
  "a%5Cb",
  "a_b",
  "_",
  "",
  "a ",
  "a%20",
  "a.",
  "a%00",
  "con",
  "_con",
  "%c3%a9",
  "e%CC%81",
  "%",
  "%25",
  "%2541",
  "users",
];

for (const isCaseSensitive of [true, false]) {
  test(`outputPath() has one path for one URL, and none is the folder of another (case ${isCaseSensitive ? "matters" : "does not matter"})`, () => {
    const urls = new Set(
      ["https://h/", "http://h/", "https://h:80/"].flatMap((root) =>
        ALIKE.flatMap((first) => [
          new URL(root + first).href,
          new URL(`${root + first}?a`).href,
          ...ALIKE.flatMap((
            second,
          ) => [new URL(`${root + first}/${second}`).href, new URL(`${root + first}/${second}/`).href]),
        ])
      ),
    );
    const owners = new Map<string, string>();
    const fold = (text: string): string =>
      isCaseSensitive ? text.normalize("NFC") : text.normalize("NFC").toLowerCase();
    for (const url of urls) {
      const key = fold(outputPath(new URL(url), { isCaseSensitive }).join("/"));
      assertEquals(owners.get(key), undefined, `${key} is of ${url} too`);
      owners.set(key, url);
    }
    for (const key of owners.keys()) {
      const names = key.split("/");
      for (let length = 1; length < names.length; length++) {
        const folder = names.slice(0, length).join("/");
        assertEquals(owners.get(folder), undefined, `${folder} is a folder of ${owners.get(key)}`);
      }
    }
  });
}

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

test("outputSegments() makes every dangerous name safe", () => {
  for (const nasty of NASTY) {
    const segments = outputSegments(["a", nasty, "b"]);
    assertEquals(segments.length, 3);
    assertEquals([segments[0], segments[2]], ["a", "b"]);
    assertSafe(segments[1] ?? "", nasty);
  }
});

test("outputPath() makes every dangerous path safe, raw and encoded", () => {
  for (const nasty of NASTY) {
    for (const written of [nasty, encodeURIComponent(nasty.toWellFormed()), nasty.replaceAll(".", "%2e")]) {
      const url = URL.parse(`https://example.com/a/${written}/b`);
      for (const name of url === null ? [] : outputPath(url)) assertSafe(name, written);
    }
  }
});

test("outputSegments() makes any name safe, and keeps safe names as they are", () => {
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

import { assertEquals } from "@std/assert";
import { PathClaims } from "../../src/cli/path_claims.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";

function claimAll(...paths: readonly (readonly [path: string, owner: string])[]): string[] {
  const claims = new PathClaims();
  return paths.map(([path, owner]) => claims.claim(path.split("/"), owner).join("/"));
}

test("PathClaims.claim() gives the path that was asked for", () => {
  assertEquals(claimAll(["h/a.json", "1"], ["h/b.json", "2"], ["h/c/a.json", "3"]), [
    "h/a.json",
    "h/b.json",
    "h/c/a.json",
  ]);
});

test("PathClaims.claim() gives the same owner the same path", () => {
  assertEquals(claimAll(["h/a", "1"], ["h/a", "2"], ["h/a", "1"], ["h/a", "2"]), [
    "h/a",
    "h/a~2",
    "h/a",
    "h/a~2",
  ]);
});

test("PathClaims.claim() numbers the others, before the extension", () => {
  assertEquals(claimAll(["h/a.json", "1"], ["h/a.json", "2"], ["h/a.json", "3"]), [
    "h/a.json",
    "h/a~2.json",
    "h/a~3.json",
  ]);
});

test("PathClaims.claim() tells names apart that only some file systems do", () => {
  assertEquals(claimAll(["h/A", "1"], ["h/a", "2"], ["h/\u00e9", "3"], ["h/e\u0301", "4"]), [
    "h/A",
    "h/a~2",
    "h/\u00e9",
    "h/e\u0301~2",
  ]);
});

test("PathClaims.claim() keeps files and folders of one name apart", () => {
  assertEquals(claimAll(["h/users/1", "1"], ["h/users/1/posts", "2"], ["h/users/1/likes", "3"]), [
    "h/users/1",
    "h/users/1~2/posts",
    "h/users/1~2/likes",
  ]);
  assertEquals(claimAll(["h/users/1/posts", "1"], ["h/users/1", "2"]), ["h/users/1/posts", "h/users/1~2"]);
});

test("PathClaims.claim() never gives one path to two owners, nor a folder's name to a file", () => {
  const random = seededRandom(7);
  const claims = new PathClaims();
  const files = new Map<string, string>();
  const folders = new Set<string>();
  const names = ["a", "A", "b.json", "B.json", "a~2", "c"];
  for (let round = 0; round < 3_000; round++) {
    const depth = 1 + Math.floor(random() * 4);
    const path = Array.from({ length: depth }, () => names[Math.floor(random() * names.length)] ?? "");
    const owner = `${path.join("/")}#${Math.floor(random() * 3)}`;
    const claimed = claims.claim(path, owner).map((name) => name.toLowerCase());
    const file = claimed.join("/");
    assertEquals(files.get(file) ?? owner, owner);
    files.set(file, owner);
    for (let length = 1; length < claimed.length; length++) folders.add(claimed.slice(0, length).join("/"));
  }
  assertEquals([...files.keys()].filter((file) => folders.has(file)), []);
});

import { assertEquals } from "@std/assert";
import { ambiguousName, key, nearest, unknownName } from "../../src/f1/near_miss.ts";
import { test } from "../support/test.ts";

const itself = (text: string): string => text;

test("key() drops accents, case, spaces and punctuation", () => {
  assertEquals(["São Paulo", "Spa-Francorchamps", " 70th ", "!?"].map(key), [
    "saopaulo",
    "spafrancorchamps",
    "70th",
    "",
  ]);
});

test("nearest() returns the most similar text, with up to a third of it different", () => {
  const names = ["Monaco", "Monza", "Mexico", ""];
  assertEquals(nearest(names, "monac", itself), "Monaco");
  assertEquals(nearest(names, "monzaa", itself), "Monza");
  assertEquals(nearest(names, "mxeico", itself), "Mexico");
  assertEquals(nearest(names, "suzuka", itself), undefined);
  assertEquals(nearest(names, "m", itself), undefined);
  assertEquals(nearest(names, "", itself), undefined);
});

test("unknownName() suggests the name that may have been meant, or lists all names", () => {
  const start = 'Cannot find event as there is no "x" in 2025';
  assertEquals(unknownName("event", "x", "in 2025", "y", ["a"]).message, `${start}; did you mean 'y'?`);
  assertEquals(
    unknownName("event", "x", "in 2025", undefined, ["a", "b"]).message,
    `${start}; there are 'a', 'b'`,
  );
  assertEquals(unknownName("event", "x", "in 2025", undefined).message, start);
});

test("ambiguousName() lists the names that may have been meant", () => {
  assertEquals(
    ambiguousName("driver", "max", "in this session", ["VER", "CHI"]).message,
    "Cannot find driver as \"max\" may be any of 'VER', 'CHI' in this session",
  );
});

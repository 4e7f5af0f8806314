import { assertEquals } from "@std/assert";
import { parseLinkHeader } from "../../src/streams/link_header.ts";
import { test } from "../support/test.ts";

/** Shows targets and relations, as in `a?b [next last]`. */
function shown(value: string): string[] {
  return parseLinkHeader(value).map(({ target, relations, anchor }) =>
    `${target} [${relations.join(" ")}]${anchor === undefined ? "" : ` of ${anchor}`}`
  );
}

test("parseLinkHeader() returns targets and relations", () => {
  const cases: [value: string, links: string[]][] = [
    ['<https://a.test/?page=2>; rel="next"', ["https://a.test/?page=2 [next]"]],
    ['<b>; rel="next", <c>; rel="last"', ["b [next]", "c [last]"]],
    ["<b>;rel=next,<c>;rel=last", ["b [next]", "c [last]"]],
    ["<b> ;\trel = next ; x", ["b [next]"]],
    ['<b>\t; \trel = \t"next"\t , <c>', ["b [next]", "c []"]],
    ['<b>; rel="last next  up"', ["b [last next up]"]],
    ['<b>; REL="NEXT"', ["b [next]"]],
    ['<b>; rel="prev"; rel="next"', ["b [prev]"]],
    ['<a,b;c="d">; rel=next', ['a,b;c="d" [next]']],
    ['<b>; title="a, <x>; rel=\\"next\\""; rel=last, <c>; rel=next', ["b [last]", "c [next]"]],
    ['<b>; title="a \\\\"; rel=next', ["b [next]"]],
    ["<b>; title=a b c; rel=next", ["b [next]"]],
    ["<b>; title*=UTF-8'en'a%2c; rel=\"next\"", ["b [next]"]],
    ['<b>; anchor="/other"; rel=next', ["b [next] of /other"]],
    ["<>; rel=next", [" [next]"]],
    ["< b >; rel=next", ["b [next]"]],
    ["<b>", ["b []"]],
    ['<b>; rel=""', ["b []"]],
    ["<b>; rel", ["b []"]],
    ["<b>; rel=https://a.test/rel", ["b [https://a.test/rel]"]],
  ];
  for (const [value, links] of cases) assertEquals(shown(value), links, value);
});

test("parseLinkHeader() passes over values that are no link", () => {
  const cases: [value: string, links: string[]][] = [
    ["", []],
    [" , ,, ", []],
    ["nonsense, <b>; rel=next", ["b [next]"]],
    ['"a, <x>; rel=next", <b>; rel=next', ["b [next]"]],
    ["<b; rel=next", []],
    ["<b> nonsense; rel=last, <c>; rel=next", ["b []", "c [next]"]],
    ['<b>; rel="next', ["b [next]"]],
    ['<b>; rel="next\\', ["b [next]"]],
    ["<b>; =x; rel=next", ["b [next]"]],
    ["<b>;;; rel=next;", ["b [next]"]],
    ['<b>; rel="next" x, <c>; rel=last', ["b [next]", "c [last]"]],
  ];
  for (const [value, links] of cases) assertEquals(shown(value), links, value);
});

test("parseLinkHeader() takes hostile values in linear time", () => {
  for (const value of ["<", "<,", "<a,", ";", '"', "<b>;", '<b>; a="', "<b>; rel=a,", ",", "\\", "<b> "]) {
    const links = parseLinkHeader(value.repeat(100_000));
    assertEquals(links.every(({ target }) => target.startsWith("b") || target === ""), true, value);
  }
});

import { assert, assertEquals } from "@std/assert";
import { parseLinkHeader } from "../../../src/streams/link_header.ts";
import { fc } from "../property.ts";
import { test } from "../../support/test.ts";

const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9a-z-]{1,6}$/);
const link = fc.record({
  target: fc.webUrl(),
  relations: fc.uniqueArray(token, { minLength: 1, maxLength: 3 }),
  title: fc.option(fc.string({ unit: "binary-ascii" })),
  anchor: fc.option(fc.webUrl(), { nil: undefined }),
  isTitleFirst: fc.boolean(),
});

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

test("parseLinkHeader() reads back what was written, whatever stands in a title", () => {
  fc.assert(fc.property(fc.array(link), fc.constantFrom(",", ", ", " ,\t, "), (links, comma) => {
    const value = links.map(({ target, relations, title, anchor, isTitleFirst }) => {
      const parameters = [`rel=${quoted(relations.join(" "))}`];
      if (title !== null) parameters.push(`title=${quoted(title)}`);
      if (anchor !== undefined) parameters.push(`anchor=${quoted(anchor)}`);
      if (isTitleFirst) parameters.reverse();
      return [`<${target}>`, ...parameters].join("; ");
    }).join(comma);
    const expected = links.map(({ target, relations, anchor }) => ({ target, anchor, relations }));
    assertEquals(parseLinkHeader(value), expected);
  }));
});

test("parseLinkHeader() finds links or none in anything, and each target stands in it", () => {
  const soup = fc.array(
    fc.constantFrom("<", ">", ";", ",", "=", '"', "\\", " ", "\t", "rel", "next", "a", "anchor"),
  );
  fc.assert(fc.property(fc.oneof(soup.map((pieces) => pieces.join("")), fc.string()), (value) => {
    for (const { target, relations } of parseLinkHeader(value)) {
      assert(value.includes(target));
      for (const relation of relations) assertEquals(relation, relation.toLowerCase());
    }
  }));
});

import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { createClient } from "../../mod.ts";
import { serveHandler } from "../support/serve_handler.ts";
import { test } from "../support/test.ts";

const Issues = v.array(v.object({ id: v.number() }));

/** Serves a list of 25 items in pages of 10, like GitHub's API; requests need a token. */
function serveIssues() {
  const asked: string[] = [];
  const server = serveHandler((request) => {
    const url = new URL(request.url);
    asked.push(url.search);
    if (request.headers.get("authorization") !== "Bearer secret") return new Response(null, { status: 401 });
    const page = Number(url.searchParams.get("page") ?? 1);
    const ids = Array.from({ length: 25 }, (_, index) => ({ id: index + 1 }));
    const next = new URL(url);
    next.searchParams.set("page", String(page + 1));
    const headers: Record<string, string> = page < 3
      ? { link: `<${next}>; rel="next", <${url.origin}/issues?page=3>; rel="last"` }
      : {};
    return Response.json(ids.slice(10 * (page - 1), 10 * page), { headers });
  });
  return { server, asked };
}

test("a recipe: all entries of a list in pages, each page when it is wanted", async () => {
  const { server: { url }, server: _server, asked } = serveIssues();
  await using _closing = _server;
  await using client = createClient({ baseUrls: url, headers: { authorization: "Bearer secret" } });
  const ids: number[] = [];
  for await (const { value } of client.pages("issues", { query: { state: "open" }, schema: Issues })) {
    ids.push(...value.map(({ id }) => id));
  }
  assertEquals(ids, Array.from({ length: 25 }, (_, index) => index + 1));
  assertEquals(asked, ["?state=open", "?state=open&page=2", "?state=open&page=3"]);
});

test("a recipe: no page more than what was looked for", async () => {
  const { server, asked } = serveIssues();
  await using _closing = server;
  await using client = createClient({ baseUrls: server.url, headers: { authorization: "Bearer secret" } });
  let found: number | undefined;
  for await (const { value } of client.pages("issues", { schema: Issues })) {
    found = value.find(({ id }) => id === 14)?.id;
    if (found !== undefined) break;
  }
  assertEquals([found, asked.length], [14, 2]);
});

test("a recipe: pages by a cursor in the body", async () => {
  const pages: Record<string, { readonly items: string[]; readonly cursor?: string }> = {
    "": { items: ["a", "b"], cursor: "x" },
    x: { items: ["c"], cursor: "y" },
    y: { items: ["d"] },
  };
  await using server = serveHandler((request) =>
    Response.json(pages[new URL(request.url).searchParams.get("cursor") ?? ""])
  );
  await using client = createClient({ baseUrls: server.url });
  const schema = v.object({ items: v.array(v.string()), cursor: v.optional(v.string()) });
  const items: string[] = [];
  const all = client.pages("items", {
    schema,
    next: ({ value: { cursor } }) => cursor === undefined ? undefined : { url: "items", query: { cursor } },
  });
  for await (const { value } of all) items.push(...value.items);
  assertEquals(items, ["a", "b", "c", "d"]);
});

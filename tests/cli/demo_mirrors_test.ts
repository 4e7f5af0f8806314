import { assertEquals } from "@std/assert";
import { fetchByName, MIRROR_URLS } from "../../src/cli/demo_mirrors.ts";
import { test } from "../support/test.ts";

test("fetchByName() sends to the address of a name, and its response has the name", async () => {
  const sent: unknown[] = [];
  const init = { headers: { a: "1" } };
  const fetch = fetchByName(["http://127.0.0.1:1", "http://127.0.0.1:2"], (input, init) => {
    sent.push(input, init);
    return Promise.resolve(new Response("x"));
  });
  const response = await fetch(`${MIRROR_URLS[1]}/2025@main/a%20b?q`, init);
  assertEquals(sent, ["http://127.0.0.1:2/2025@main/a%20b?q", init]);
  assertEquals([response.url, await response.text()], [`${MIRROR_URLS[1]}/2025@main/a%20b?q`, "x"]);
});

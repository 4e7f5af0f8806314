import { assertEquals } from "@std/assert";
import { createClient } from "../../mod.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { serveHandler } from "../support/serve_handler.ts";
import { test } from "../support/test.ts";

/** The URLs that a crawl has still to fetch: a source that waits while pages are open, because they may add more URLs. */
class Frontier implements AsyncIterable<string> {
  readonly #known = new Set<string>();
  readonly #queue: string[] = [];
  #open = 0;
  #wake: () => void = () => {};

  add(...urls: string[]): void {
    for (const url of urls) {
      if (this.#known.has(url)) continue;
      this.#known.add(url);
      this.#queue.push(url);
      this.#open++;
    }
    this.#wake();
  }

  /** Reports that a page is done. */
  done(): void {
    this.#open--;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    while (this.#open > 0) {
      const url = this.#queue.shift();
      if (url !== undefined) yield url;
      else await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}

test("a recipe: a crawl that finds its URLs on the way, at most three at once", async () => {
  let [open, peak] = [0, 0];
  const full = Promise.withResolvers<void>();
  await using server = serveHandler(async (request) => {
    peak = Math.max(peak, ++open);
    const { pathname } = new URL(request.url);
    if (open === 3) full.resolve();
    // There are enough pages of this depth for three requests at once; none is answered before three are open.
    if (pathname.split("/").length === 3) await full.promise;
    await eventLoopTurn();
    open--;
    if (pathname === "/1/2/2") return new Response("gone", { status: 410 });
    // Each page links to itself, to the start, and down to two others, three levels deep.
    const below = pathname.split("/").length <= 3
      ? [1, 2].map((child) => `${pathname.replace(/\/$/, "")}/${child}`)
      : [];
    return new Response([pathname, "/", ...below].map((path) => `<a href="${path}">`).join("\n"));
  });
  await using client = createClient({ perOrigin: { concurrency: 3 } });
  const frontier = new Frontier();
  frontier.add(`${server.url}/`);
  const visited: string[] = [];
  const missing: string[] = [];
  for await (const outcome of client.stream(frontier, { as: "text" })) {
    const page = String(outcome.request);
    if (outcome.ok) {
      visited.push(new URL(page).pathname);
      const links = [...outcome.value.matchAll(/href="([^"]+)"/g)].map(([, href]) =>
        new URL(href!, page).href
      );
      frontier.add(...links.filter((link) => link.startsWith(server.url)));
    } else {
      missing.push(new URL(page).pathname);
    }
    frontier.done();
  }
  assertEquals(visited.sort(), [
    "/",
    "/1",
    "/1/1",
    "/1/1/1",
    "/1/1/2",
    "/1/2",
    "/1/2/1",
    "/2",
    "/2/1",
    "/2/1/1",
    "/2/1/2",
    "/2/2",
    "/2/2/1",
    "/2/2/2",
  ]);
  assertEquals(missing, ["/1/2/2"]);
  assertEquals(peak, 3);
});

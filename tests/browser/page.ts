/**
 * The script of the page: the scenes, and a table of the tour's results.
 *
 * @module
 */

import { createClient, type NetworkError } from "@slipstream/fetch";
import { httpCache, memoryCache } from "@slipstream/fetch/cache";
import { webCache } from "@slipstream/fetch/cache/web";
import { ManualClock } from "@slipstream/fetch/testing";
import { createTransport } from "@slipstream/fetch/transport";
import { TOUR, tour, tourClients } from "../support/tour.ts";

const quick = { backoff: { baseMs: 1, jitter: "none" } } as const;

const scenes = {
  /** Runs the tour against a site of another origin, which allows this by CORS. */
  async tour(site: string): Promise<Record<string, unknown>> {
    const found = await tour(tourClients(site), site);
    show(found);
    return found;
  },
  async batch(): Promise<unknown> {
    await using client = createClient({ baseUrls: "/api" });
    const outcomes = await client.settle(Array.from({ length: 1_000 }, (_, index) => `item/${index}`));
    return [outcomes.length, outcomes.filter((outcome) => outcome.ok).length, client.stats().inFlight];
  },
  async baseUrls(): Promise<unknown> {
    const own = createClient();
    const api = createClient({ baseUrls: "/api" });
    const slash = createClient({ baseUrls: "api/" });
    return [
      await own.json("api/item/1"),
      await api.json("item/2"),
      await slash.json("item/3"),
      await own.json("/item/4"),
    ];
  },
  async hiddenRedirects(): Promise<unknown> {
    await using client = createClient(quick);
    const response = await client.fetch(new Request("/redirect", { method: "PUT", body: "hello" }));
    const loop = await client.json("/loop", { maxRetries: 0 }).then(
      () => "ended",
      (error: Error) => error.name,
    );
    const manual = await client.fetch("/redirect", { redirect: "manual" });
    const refused = await client.fetch("/redirect?refused", { redirect: "error" }).then(
      () => "followed",
      (error: NetworkError) => `${error.attempts} attempt: ${error.message}`,
    );
    const { pathname } = new URL(response.url);
    return [response.redirected, pathname, await response.json(), loop, manual.type, refused];
  },
  async bodies(): Promise<unknown> {
    await using client = createClient(quick);
    const form = new FormData();
    form.set("a", "1");
    const blob = new Blob(["blob"], { type: "text/x" });
    const stream = new Blob(["x".repeat(2_000_000)]);
    const sent = await Promise.all([
      client.json<string[]>({ url: "/echo", method: "PUT", body: blob }),
      client.json<string[]>({ url: "/echo", method: "PUT", body: new URLSearchParams({ a: "1" }) }),
      client.json<string[]>({ url: "/echo", method: "POST", json: { a: 1 } }),
      client.fetch(new Request("/echo", { method: "PUT", body: stream })).then((response) => response.json()),
    ]);
    const formSent = await (await client.fetch("/echo", { method: "POST", body: form })).json();
    // Browsers would not send a stream, and this middleware, which copies the request, turns a large body into one.
    await using altered = client.extend({
      use: [(request, next) => next(new Request(request, { headers: { a: "b" } }))],
    });
    const streamed = await client.json<string[]>({
      url: "/echo",
      method: "POST",
      body: new Blob(["stream"]).stream(),
    });
    const large = await altered.json<string[]>({ url: "/echo", method: "PUT", body: "x".repeat(2_000_000) });
    const piped = await altered.json<string[]>({
      url: "/echo",
      method: "PUT",
      body: new Blob(["piped"]).stream(),
    });
    return [
      ...sent.slice(0, 3).map(([, text]) => text),
      sent[3][1].length,
      formSent[1].includes('name="a"'),
      streamed[1],
      large[1]?.length,
      piped[1],
    ];
  },
  /** Uses objects of another frame's classes. */
  async otherRealm(): Promise<unknown> {
    await using client = createClient(quick);
    const frame = document.createElement("iframe");
    document.body.append(frame);
    const other = frame.contentWindow as Window & typeof globalThis;
    const form = new other.FormData();
    form.set("a", "1");
    const bodies: readonly BodyInit[] = [
      new other.URLSearchParams({ a: "1" }),
      new other.Blob(["blob"]),
      new other.TextEncoder().encode("bytes"),
      new other.TextEncoder().encode("buffer").buffer,
    ];
    const controller = new other.AbortController();
    const { signal } = controller;
    const url = new other.URL("/echo", location.href);
    const texts: unknown[] = [];
    for (const body of bodies) {
      const [, text] = await client.json<string[]>({ url, method: "PUT", body }, { signal });
      texts.push(text);
    }
    const formSent = await (await client.fetch(url, { method: "PUT", body: form, signal })).json();
    controller.abort("mine");
    const reason = await client.fetch(url, { signal }).catch((reason) => reason);
    frame.remove();
    return [...texts, formSent[1].includes('name="a"'), reason];
  },
  async globalFetch(): Promise<unknown> {
    await using client = createClient();
    const { fetch } = globalThis;
    globalThis.fetch = client.fetch;
    try {
      return await (await globalThis.fetch("/item/global")).json();
    } finally {
      globalThis.fetch = fetch;
    }
  },
  async progress(): Promise<unknown> {
    await using client = createClient();
    const seen: number[] = [];
    const text = await client.text("/echo?bytes=500000", {
      onProgress: ({ bytes }) => void seen.push(bytes),
    });
    return [
      seen.length > 0,
      seen.at(-1) === text.length,
      seen.every((bytes, index) => bytes >= (seen[index - 1] ?? 0)),
    ];
  },
  async webCache(): Promise<unknown> {
    const from = async (): Promise<string> => {
      await using client = createClient({ cache: httpCache(webCache("page")) });
      const outcome = await client.outcome("/cached/web");
      return outcome.ok ? outcome.from : outcome.error.message;
    };
    return [await from(), await from()];
  },
  async replaced(): Promise<unknown> {
    await using client = createClient({ cache: httpCache(memoryCache()) });
    const found = [await client.json("/stale/page"), await client.json("/stale/page")];
    let latest: unknown = 1;
    for (let turn = 0; turn < 200 && latest === 1; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      latest = await client.json("/stale/page", { cache: "only-if-cached" });
    }
    return [...found, latest];
  },
  async validated(site: string): Promise<unknown> {
    await using client = createClient({ ...quick, cache: httpCache(memoryCache()), maxRetries: 0 });
    const found: unknown[] = [];
    for (const cache of ["default", "default", "no-cache", "reload", "force-cache"] as const) {
      found.push(await client.json(`${site}/simple/page`, { cache }).catch((error: Error) => error.name));
    }
    return found;
  },
  async subscribed(site: string): Promise<unknown> {
    await using client = createClient({ maxRetries: 0 });
    const data: string[] = [];
    try {
      for await (const event of client.events(`${site}/events/simple`, { as: "text", reconnect: false })) {
        data.push(event.data);
      }
    } catch (error) {
      data.push((error as Error).name);
    }
    return data;
  },
  async transport(): Promise<unknown> {
    const transport = createTransport();
    const value = await (await transport.fetch("/item/own")).json();
    await transport.close();
    const closed = await transport.fetch("/item/own").then(() => "open", (error: Error) => error.name);
    return [value, transport.connectionStats().requests, closed];
  },
  /** Uses a manual clock. Bodies take no time of that clock, but they take real time and several event loop turns. */
  async manualClock(): Promise<unknown> {
    const clock = new ManualClock();
    const bodies: readonly BodyInit[] = ["[1]", new Blob(["[1]"]), new TextEncoder().encode("[1]")];
    let fetches = 0;
    const fetch = () => {
      const [status, body] = [fetches % 2 === 0 ? 503 : 200, bodies[fetches % 3]!];
      fetches++;
      return Promise.resolve(new Response(body instanceof Blob ? body.stream() : body, { status }));
    };
    await using client = createClient({
      clock,
      fetch,
      backoff: { baseMs: 60_000, maxMs: 60_000, jitter: "none" },
    });
    const found: unknown[] = [];
    for (let nth = 1; nth <= 6; nth++) {
      found.push(
        await clock.run(client.outcome(`https://a.test/${nth}`)).then(({ ok, attempts }) => ok && attempts),
      );
      found.push(clock.now() === nth * 60_000);
    }
    return found;
  },
  async unread(): Promise<unknown> {
    await using client = createClient({ concurrency: 1, timeoutMs: 60_000 });
    for (const bytes of [0, 1_000, 60_000, 0]) await client.fetch(`/echo?bytes=${bytes}`, { method: "PUT" });
    return "none waited for another";
  },
  async offline(dead: string): Promise<unknown> {
    await using client = createClient({ ...quick, maxRetries: 1 });
    return await client.json(dead).then(() => "answered", (error: Error) => error.name);
  },
};

/** The type of the scenes, for the test that controls the page. */
export type Scenes = typeof scenes;

Object.assign(globalThis, { scenes });

/** Shows the results of the tour in a table, and marks those that differ from the expected ones. */
function show(found: Readonly<Record<string, unknown>>): void {
  const table = document.createElement("table");
  for (const [name, expected] of Object.entries(TOUR)) {
    const row = table.insertRow();
    const isRight = JSON.stringify(found[name]) === JSON.stringify(expected);
    row.className = isRight ? "right" : "wrong";
    for (const text of [isRight ? "✓" : "✗", name, JSON.stringify(found[name])]) {
      row.insertCell().textContent = text;
    }
  }
  document.body.append(table);
}

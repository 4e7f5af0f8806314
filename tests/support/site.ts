/**
 * A small site on this machine, for programs that run elsewhere: in workers, in browsers, on Node. It allows every origin
 * (CORS), and counts its requests.
 *
 * @module
 */

/** Answers a request for a path; `count` is the number of requests for this path so far, including this one. */
type Route = (url: URL, request: Request, count: number) => Response | Promise<Response>;

const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "*",
  "access-control-allow-headers": "*",
  "access-control-expose-headers": "*",
};

/** The routes, by the first part of a path. */
const ROUTES: Readonly<Record<string, Route>> = {
  /** Answers with the method, the body, and a text of `?bytes` bytes. */
  async echo(url, request) {
    const filling = "x".repeat(Number(url.searchParams.get("bytes") ?? 0));
    return Response.json([request.method, await request.text(), filling]);
  },
  /** Answers with the path, after `?ms` milliseconds. */
  async item(url) {
    await delay(Number(url.searchParams.get("ms") ?? 0));
    return Response.json(url.pathname);
  },
  /** Answers with the path, once {@linkcode Site.release} is called. */
  async held(url) {
    await new Promise<void>((resolve) => held.add(resolve));
    return Response.json(url.pathname);
  },
  /** Answers 503 to the first request for this path, and then to every second one. */
  async flaky(_url, request, count) {
    const text = await request.text();
    if (count % 2 === 1) return new Response("not now", { status: 503 });
    return Response.json([request.method, text]);
  },
  down: () => new Response("down", { status: 503 }),
  /** Answers 429 to the first request for this path, with `Retry-After: 1`. */
  limited: (url, _request, count) =>
    count > 1
      ? Response.json(url.pathname)
      : new Response("", { status: 429, headers: { "retry-after": "1" } }),
  /** Answers with a body that begins and never ends. */
  slow: () => new Response(endlessBody(), { headers: { "content-type": "application/json" } }),
  /** Answers with events that say nothing, one every 20 milliseconds, until the client cancels them. */
  drip: () => new Response(drippingBody(), { headers: { "content-type": "text/event-stream" } }),
  redirect: () => new Response(null, { status: 307, headers: { location: "/echo" } }),
  loop: () => new Response(null, { status: 302, headers: { location: "/loop" } }),
  async gzip() {
    const zipped = new Blob(["[1,2]"]).stream().pipeThrough(new CompressionStream("gzip"));
    const bytes = await new Response(zipped).bytes();
    const headers = { "content-encoding": "gzip", "content-type": "application/json" };
    return new Response(bytes, { headers });
  },
  lines: () => new Response(streamOf(['{"n":1}\n{"n"', ":2}\n", '{"n":3}'])),
  events: () =>
    new Response(streamOf(["id: 1\ndata: one\n\n", "data: two\n\n"]), {
      headers: { "content-type": "text/event-stream" },
    }),
  pages(url) {
    const page = Number(url.searchParams.get("page") ?? 1);
    const next = page < 3 ? { link: `</pages?page=${page + 1}>; rel="next"` } : {};
    return Response.json([page], { headers: next });
  },
  /** Answers with a new value each time, after `?ms` milliseconds; it is stale at once, with `stale-while-revalidate`. */
  async stale(url, _request, count) {
    await delay(Number(url.searchParams.get("ms") ?? 0));
    return Response.json(count, { headers: { "cache-control": "max-age=0, stale-while-revalidate=600" } });
  },
  /**
   * Answers with a value that never changes, and that a cache has to validate each time. CORS allows only simple requests
   * here: a request header that needs a preflight is refused.
   */
  simple(_url, request, count) {
    const headers = { "cache-control": "no-cache", "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT" };
    if (request.headers.has("if-modified-since")) return new Response(null, { status: 304, headers });
    return Response.json(count, { headers });
  },
  /** Answers with a new value each time, which is fresh for a minute. */
  cached: (_url, _request, count) =>
    Response.json(count, { headers: { "cache-control": "max-age=60", "etag": `"${count}"` } }),
};

/** A running site. */
export interface Site extends AsyncDisposable {
  /** The URL of the site, such as `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Returns the number of requests for a path. */
  countOf(path: string): number;
  /** The number of endless bodies that a client has not cancelled yet. */
  readonly endless: number;
  /** Answers all requests that the route `held` keeps waiting. */
  release(): void;
}

/** Options for {@linkcode serveSite}. */
export interface SiteOptions {
  /** Additional files to serve, by path: their text and media type. */
  readonly files?: Readonly<Record<string, { readonly type: string; readonly text: string }>> | undefined;
}

/** Serves the site on a free port of 127.0.0.1. */
export function serveSite({ files = {} }: SiteOptions = {}): Site {
  const counts = new Map<string, number>();
  const ending = new AbortController();
  const options = { hostname: "127.0.0.1", port: 0, signal: ending.signal, onListen() {} };
  const server = Deno.serve(options, async (request) => {
    const url = new URL(request.url);
    if (request.method === "OPTIONS") {
      const { "access-control-allow-headers": _all, ...simple } = CORS;
      const headers = url.pathname.includes("/simple") ? simple : CORS;
      return new Response(null, { status: 204, headers });
    }
    const file = Object.hasOwn(files, url.pathname) ? files[url.pathname] : undefined;
    if (file !== undefined) return new Response(file.text, { headers: { "content-type": file.type } });
    const count = (counts.get(url.pathname) ?? 0) + 1;
    counts.set(url.pathname, count);
    const name = url.pathname.replace(/^\/(?:api\/)?/, "").split("/")[0] ?? "";
    const route = Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined;
    const response = await route?.(url, request, count) ?? new Response("nothing here", { status: 404 });
    for (const [name, value] of Object.entries(CORS)) response.headers.set(name, value);
    return response;
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    countOf: (path) => counts.get(path) ?? 0,
    get endless() {
      return endless.size;
    },
    release,
    async [Symbol.asyncDispose]() {
      release();
      ending.abort(); // a graceful shutdown would wait for endless bodies
      await server.finished;
      while (delays.size > 0) await Promise.all(delays); // a route may still be in its delay after its client has left
    },
  };
}

const held = new Set<() => void>();

function release(): void {
  for (const answer of held) answer();
  held.clear();
}

const delays = new Set<Promise<void>>();

async function delay(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms);
  delays.add(promise);
  await promise;
  delays.delete(promise);
}

/** Creates a body that arrives piece by piece. */
function streamOf(parts: readonly string[]): ReadableStream<Uint8Array> {
  const rest = [...parts];
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const part = rest.shift();
      if (part === undefined) return controller.close();
      controller.enqueue(new TextEncoder().encode(part));
      await delay(5);
    },
  }, { highWaterMark: 0 });
}

/** Creates a body that goes on until it is cancelled. */
function drippingBody(): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      controller.enqueue(new TextEncoder().encode(": still here\n"));
      await delay(20);
    },
  }, { highWaterMark: 0 });
}

const endless = new Set<ReadableStreamDefaultController>();

/** Creates a body that begins and never ends. */
function endlessBody(): ReadableStream<Uint8Array> {
  let own: ReadableStreamDefaultController;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      endless.add(own = controller);
      controller.enqueue(new TextEncoder().encode("[1,"));
    },
    cancel: () => void endless.delete(own),
  });
}

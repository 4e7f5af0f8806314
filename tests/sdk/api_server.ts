/**
 * A server on this machine that simulates the API of an SDK with scripted replies, and records the requests.
 *
 * @module
 */

import { serveHandler } from "../support/serve_handler.ts";

/** A received request. */
export interface Received {
  readonly method: string;
  /** The path with its query. */
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Answers a request. */
export type Reply = (received: Received) => Response | Promise<Response>;

/** The replies of each route (such as `GET /v1/models`, without a query), in order; the last reply repeats. */
export type Routes = Readonly<Record<string, Reply | readonly Reply[]>>;

/** A running API. */
export interface ApiServer extends AsyncDisposable {
  readonly url: string;
  /** The received requests, in order. */
  readonly received: readonly Received[];
}

/** Serves an API; requests without a route get a 404. */
export function serveApi(routes: Routes): ApiServer {
  const received: Received[] = [];
  const counts = new Map<string, number>();
  const end = Promise.withResolvers<Response>();
  const server = serveHandler(async (request) => {
    const { pathname, search } = new URL(request.url);
    const { method, headers } = request;
    const body = new Uint8Array(await request.arrayBuffer());
    const entry: Received = { method, path: `${pathname}${search}`, headers: new Headers(headers), body };
    received.push(entry);
    const route = `${method} ${pathname}`;
    const replies = [routes[route] ?? []].flat();
    const count = counts.get(route) ?? 0;
    counts.set(route, count + 1);
    const reply = replies[Math.min(count, replies.length - 1)] ??
      json({ message: `no ${route}` }, 404);
    return await Promise.race([reply(entry), end.promise]);
  });
  const close = async (): Promise<void> => {
    // The runtimes wait for all handlers, even if their clients have disconnected.
    end.resolve(new Response(null, { status: 503 }));
    await server[Symbol.asyncDispose]();
  };
  return { url: server.url, received, [Symbol.asyncDispose]: close };
}

/** Creates a reply with a value as JSON. */
export function json(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Reply {
  return () => Response.json(value, { status, headers });
}

/** Creates a reply without a body. */
export function empty(status: number, headers: Readonly<Record<string, string>> = {}): Reply {
  return () => new Response(null, { status, headers });
}

/** Never answers. */
export function silence(): Promise<Response> {
  return new Promise(() => {});
}

/** Creates a reply that asks for an immediate retry; SDKs wait at least half a second unless `retry-after-ms` is set. */
export function again(status: number): Reply {
  return json({ message: "later" }, status, { "retry-after": "0", "retry-after-ms": "1" });
}

/** Returns the form in a request's body. */
export function formOf({ body, headers }: Received): Promise<FormData> {
  return new Response(body, { headers: { "content-type": headers.get("content-type") ?? "" } }).formData();
}

/** Returns a request's body as text. */
export function textOf({ body }: Received): string {
  return new TextDecoder().decode(body);
}

/** Returns a request's body, parsed as JSON. */
export function jsonOf(received: Received): unknown {
  return JSON.parse(textOf(received));
}

/** Returns the text of a file in a form. */
export async function fileText(form: FormData, name: string): Promise<string> {
  const file = form.get(name);
  if (file === null || typeof file === "string") {
    throw new TypeError(`There is no file '${name}' in the form`);
  }
  return await file.text();
}

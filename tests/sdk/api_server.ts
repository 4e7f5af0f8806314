/**
 * A server of this machine that plays the API of an SDK by a script, and knows what it was sent.
 *
 * @module
 */

import { serveHandler } from "../support/serve_handler.ts";

/** A request as it arrived. */
export interface Received {
  readonly method: string;
  /** The path with its query. */
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Answers a request. */
export type Reply = (received: Received) => Response | Promise<Response>;

/** What each route (such as `GET /v1/models`, without a query) replies, in order; the last one repeats. */
export type Routes = Readonly<Record<string, Reply | readonly Reply[]>>;

/** A running API. */
export interface ApiServer extends AsyncDisposable {
  readonly url: string;
  /** What arrived, in order. */
  readonly received: readonly Received[];
}

/** Serves an API; what it has no route for is a 404. */
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
    // The runtimes wait for handlers, also for those whose callers have gone away.
    end.resolve(new Response(null, { status: 503 }));
    await server[Symbol.asyncDispose]();
  };
  return { url: server.url, received, [Symbol.asyncDispose]: close };
}

/** A value as JSON. */
export function json(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Reply {
  return () => Response.json(value, { status, headers });
}

/** A status without a body. */
export function empty(status: number, headers: Readonly<Record<string, string>> = {}): Reply {
  return () => new Response(null, { status, headers });
}

/** No answer, ever. */
export function silence(): Promise<Response> {
  return new Promise(() => {});
}

/** A status that asks for another try, at once; SDKs wait half a second or more unless they are told in milliseconds. */
export function again(status: number): Reply {
  return json({ message: "later" }, status, { "retry-after": "0", "retry-after-ms": "1" });
}

/** The form that a request brought. */
export function formOf({ body, headers }: Received): Promise<FormData> {
  return new Response(body, { headers: { "content-type": headers.get("content-type") ?? "" } }).formData();
}

/** The text that a request brought. */
export function textOf({ body }: Received): string {
  return new TextDecoder().decode(body);
}

/** The JSON that a request brought. */
export function jsonOf(received: Received): unknown {
  return JSON.parse(textOf(received));
}

/** The text of a file that a form brought. */
export async function fileText(form: FormData, name: string): Promise<string> {
  const file = form.get(name);
  if (file === null || typeof file === "string") {
    throw new TypeError(`There is no file '${name}' in the form`);
  }
  return await file.text();
}

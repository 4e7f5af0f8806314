import { AsyncLocalStorage } from "node:async_hooks";
import { assertEquals } from "@std/assert";
import { createClient, type Middleware } from "../../mod.ts";
import { serveHandler } from "../support/serve_handler.ts";
import { test } from "../support/test.ts";

test("a recipe: tracers such as OpenTelemetry find the span of the caller, also for requests that have waited", async () => {
  await using server = serveHandler((request) => Response.json(request.headers.get("traceparent")));
  const span = new AsyncLocalStorage<string>();
  // This stands for an instrumented `fetch`. It looks for the span in whatever async context it runs.
  const traced: typeof fetch = (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set("traceparent", span.getStore() ?? "none");
    return fetch(input, { ...init, headers });
  };
  // The code that makes room for a waiting request sends it, in the context of another caller. A middleware always runs in that
  // of its own caller, and so does the code that it calls.
  const inContextOfCaller: Middleware = (request, next) => next(request);
  await using client = createClient({ concurrency: 2, fetch: traced, use: [inContextOfCaller] });

  const spans = Array.from({ length: 10 }, (_, nth) => `span-${nth}`);
  const seen = await Promise.all(spans.map((name) =>
    span.run(name, async () => {
      const batch = await client.all([`${server.url}/${name}/a`, `${server.url}/${name}/b`]);
      return [await client.json(`${server.url}/${name}`), ...batch];
    })
  ));
  assertEquals(seen, spans.map((name) => [name, name, name]));
});

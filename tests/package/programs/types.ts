/**
 * Checks the types that callers rely on. The tests only compile this program, and do not run it. Lines that must not compile
 * are marked.
 */

import {
  type Client,
  type ClientOptions,
  createClient,
  DataNotFoundError,
  type FetchRequest,
  isTimeoutError,
  type Outcome,
} from "@slipstream/fetch";
import { httpCache, memoryCache } from "@slipstream/fetch/cache";
import { filesystemCache } from "@slipstream/fetch/cache/filesystem";
import { webCache } from "@slipstream/fetch/cache/web";
import { tracingInsights } from "@slipstream/fetch/f1";
import { CircuitBreaker, Semaphore, TaskGroup, TokenBucket } from "@slipstream/fetch/primitives";
import { createTransport } from "@slipstream/fetch/transport";
import * as v from "valibot";

const options: ClientOptions = {
  concurrency: new Semaphore(4),
  cache: httpCache([memoryCache(), webCache("x")]),
};
const client: Client = createClient({ ...options, transport: createTransport() });
const A = v.object({ a: v.number() });
const B = v.object({ b: v.string() });

export const value: number = (await client.json({ url: "x", schema: A })).a;
const [first, second]: [{ a: number }, { b: string }] = await client.all([
  { url: "x", schema: A },
  { url: "y", schema: B },
]);
first.a.toFixed();
second.b.trim();
const { one, two } = await client.record({ one: { url: "x", schema: A }, two: { url: "y", schema: B } });
if (one.ok) one.value.a.toFixed();
if (two.ok) two.value.b.trim();
else console.error(two.error instanceof DataNotFoundError, isTimeoutError(two.error));
const [settled] = await client.settle(["x", "y"], { schema: A });
if (settled.ok) settled.value.a.toFixed();
export const unknowns: Outcome<unknown>[] = await client.settle(["x"] as FetchRequest[]);
export const stated: { readonly c: number } = await client.json<{ c: number }>("x");
export const dropIn: typeof fetch = client.fetch;
for await (const line of client.lines("x")) line.trim();
for await (const { data } of client.events("x", { as: "json" })) console.log(data);

const laps = await tracingInsights().fetchJson(2025, "Monza", "Race", "VER/laptimes.json");
laps.time.at(0)?.toFixed();
export const parts: readonly unknown[] = [
  new TokenBucket({ limit: 1, intervalMs: 1 }),
  new CircuitBreaker(),
  new TaskGroup<number>(),
  filesystemCache("x"),
];

// @ts-expect-error: a body is text or bytes; an object is `json`
client.json({ url: "x", method: "POST", body: { a: 1 } });
// @ts-expect-error: what belongs to the request is no option
client.json("x", { method: "POST" });
// @ts-expect-error: no such option
createClient({ timeout: 1 });
// @ts-expect-error: no such option, beside one that exists
client.all(["x"], { concurrency: 3, timeoutMS: 1 });

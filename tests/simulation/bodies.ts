/**
 * The bodies of requests, and how to check them when they arrive.
 *
 * @module
 */

import type { RequestSpec } from "../../src/client/request.ts";
import type { CallStep, TargetPlan } from "./plan.ts";

/** The number of chunks in a stream. */
const CHUNKS = 5;

/** The error with which a broken stream fails. */
export class BodyError extends Error {}

/** Whether a request has a body. */
export function hasBody({ method }: TargetPlan): boolean {
  return method === "POST" || method === "PUT";
}

/** Whether the body of a request is a stream, which can be sent only once. */
export function isStream({ body }: TargetPlan): boolean {
  return body === "stream" || body === "slow stream" || body === "broken stream" || body === "iterable";
}

/** Returns the options that give a request its body. */
export function bodyOf(target: TargetPlan): Pick<RequestSpec, "body" | "json" | "query"> {
  const text = textOf(target);
  switch (target.body) {
    case undefined:
      return { body: text };
    case "json":
      return { json: { from: target.id } };
    case "query":
      return { body: text, query: { page: 1 } };
    case "bytes":
      return { body: new TextEncoder().encode(text) };
    case "form":
      return { body: new URLSearchParams({ from: target.id }) };
    case "blob":
      return { body: new Blob([text]) };
    case "iterable":
      return { body: iterableOf(target) };
    default:
      return { body: streamOf(target) };
  }
}

/** The time that a slow body of a `Request` takes for each of its chunks, in milliseconds. */
const CHUNK_MS = 40;

/** Creates the body of a `Request`, which is complete at once, arrives slowly, or never ends. */
export function requestBodyOf(
  target: TargetPlan,
  { input }: Pick<CallStep, "input">,
  clock: { sleep(delayMs: number): Promise<void> },
): BodyInit {
  if (input === "request") return bodyOf(target).body as BodyInit | undefined ?? "x";
  const chunks = textOf(target).match(/.{1,4}/g)!.map((part) => new TextEncoder().encode(part));
  return new ReadableStream({
    async pull(controller) {
      if (input === "stalled request" && chunks.length === 1) return await new Promise(() => {});
      await clock.sleep(CHUNK_MS);
      const chunk = chunks.shift();
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
  });
}

/** Whether a body has arrived unchanged. */
export function isIntact(target: TargetPlan, body: string): boolean {
  if (isStream(target)) return body === textOf(target).repeat(CHUNKS);
  // A call by `fetch` whose body is none that `fetch` accepts (such as `json`) sends "x" instead.
  return body === "x" || body === (target.body === "form" ? `from=${target.id}` : textOf(target));
}

function textOf({ id }: TargetPlan): string {
  return `{"from":"${id}"}`;
}

async function* iterableOf(target: TargetPlan): AsyncGenerator<Uint8Array> {
  for (let count = 0; count < CHUNKS; count++) yield new TextEncoder().encode(textOf(target));
}

function streamOf(target: TargetPlan): ReadableStream<Uint8Array> {
  const chunk = new TextEncoder().encode(textOf(target));
  let count = 0;
  return new ReadableStream({
    async pull(controller) {
      if (target.body === "slow stream") await Promise.resolve();
      if (target.body === "broken stream" && count === 2) throw new BodyError(`no more of ${target.id}`);
      if (count++ < CHUNKS) controller.enqueue(chunk.slice());
      else controller.close();
    },
  });
}

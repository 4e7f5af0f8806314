/**
 * What requests carry, and how it looks where it arrives.
 *
 * @module
 */

import type { RequestSpec } from "../../src/client/request.ts";
import type { CallStep, TargetPlan } from "./plan.ts";

/** How many chunks a stream has. */
const CHUNKS = 5;

/** What a stream breaks with. */
export class BodyError extends Error {}

/** Whether a request carries something. */
export function hasBody({ method }: TargetPlan): boolean {
  return method === "POST" || method === "PUT";
}

/** Whether what it carries can be sent once. */
export function isStream({ body }: TargetPlan): boolean {
  return body === "stream" || body === "slow stream" || body === "broken stream" || body === "iterable";
}

/** The body, or what takes its place. */
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

/** How long a slow body of a `Request` takes for each of its chunks, in milliseconds. */
const CHUNK_MS = 40;

/** The body of a `Request`: at once, in its own time, or never. */
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

/** Whether a body has arrived as it was sent. */
export function isIntact(target: TargetPlan, body: string): boolean {
  if (isStream(target)) return body === textOf(target).repeat(CHUNKS);
  // `fetch` is given what it takes as it is.
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

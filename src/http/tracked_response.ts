/**
 * A response to hand out, which looks like the one of `fetch`, and whose body somebody looks after.
 *
 * @module
 */

import type { BodyReceiver } from "./body_receiver.ts";

/** What a response says that a constructed one does not know. */
export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly url: string;
  readonly redirected: boolean;
  readonly type: ResponseType;
}

/**
 * Makes a response whose body is received by somebody, wherever it is read: also by a server that it is returned from. When
 * nobody can read the body any more, because the response and its stream have been collected, it is cancelled.
 *
 * @param head What it says.
 * @param receiver Who receives the body.
 * @returns The response.
 */
export function trackedResponse(head: ResponseHead, receiver: BodyReceiver): Response {
  const stream = new ReadableStream(sourceOf(receiver), { highWaterMark: 0 });
  registry()?.register(stream, receiver);
  return responseLike(head, stream);
}

/**
 * Makes a response that says the same as another one, also where a constructed response could not.
 *
 * @param head What it says.
 * @param body Its body.
 * @returns The response.
 */
export function responseLike(head: ResponseHead, body: BodyInit | null): Response {
  const { status, statusText, headers } = head;
  const isConstructible = status >= 200 && status <= 599;
  const response = new Response(body, { status: isConstructible ? status : 200, statusText, headers });
  return dress(response, head);
}

function dress(response: Response, head: ResponseHead): Response {
  const { status, url, redirected, type } = head;
  const properties: PropertyDescriptorMap = {
    url: { value: url },
    redirected: { value: redirected },
    type: { value: type },
    clone: { value: () => dress(Response.prototype.clone.call(response), head) },
    blob: { value: () => blobOf(response) },
  };
  if (response.status !== status) {
    properties.status = { value: status };
    properties.ok = { value: false };
  }
  return Object.defineProperties(response, properties);
}

/** Bun forgets the type of a body that is a stream. */
async function blobOf(response: Response): Promise<Blob> {
  const type = response.headers.get("content-type") ?? "";
  const blob = await Response.prototype.blob.call(response);
  return blob.type === "" && type !== "" ? new Blob([blob], { type }) : blob;
}

let collected: FinalizationRegistry<BodyReceiver> | undefined;

/**
 * Cancels the bodies whose streams have been collected. Made when it is first of use: workers at the edge make nothing at import, and
 * some have none. A receiver must not lead to its stream, unless somebody waits for a chunk, or none would ever be collected.
 */
function registry(): FinalizationRegistry<BodyReceiver> | undefined {
  if (typeof FinalizationRegistry === "undefined") return undefined;
  return collected ??= new FinalizationRegistry((receiver) => {
    receiver.cancel(undefined).catch(() => {});
  });
}

function sourceOf(receiver: BodyReceiver): UnderlyingByteSource {
  return {
    type: "bytes",
    async pull(controller) {
      const chunk = await receiver.next();
      if (chunk !== undefined) return controller.enqueue(chunk);
      controller.close();
      // A reader that came with a buffer of its own is told of the end by it.
      controller.byobRequest?.respond(0);
    },
    cancel: (reason) => receiver.cancel(reason),
  };
}

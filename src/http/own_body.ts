/**
 * A body of a request's own.
 *
 * @module
 */

import { objectTag } from "../primitives/object_tag.ts";

/**
 * Takes what a body holds now, as `fetch` does when it is called. A request may wait, and may be sent again, while its caller fills the same
 * buffer or form for the next one. Texts and blobs never change, and streams are read as they are sent.
 *
 * @param body The body.
 * @returns A copy of bytes, parameters and forms without files; the very same body otherwise.
 */
export function ownBody(body: BodyInit): BodyInit {
  if (body instanceof ArrayBuffer || objectTag(body) === "ArrayBuffer") return (body as ArrayBuffer).slice(0);
  // Whether memory that threads share can be sent, is for the runtime to say.
  if (ArrayBuffer.isView(body) && body.buffer instanceof ArrayBuffer) {
    return new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice();
  }
  if (body instanceof URLSearchParams) return new URLSearchParams(body);
  return body instanceof FormData ? copyOf(body) : body;
}

/** Bun does not tell under which name a form sends a file of the disk, so that a copy would have another one. */
function copyOf(form: FormData): FormData {
  const copy = new FormData();
  for (const [name, value] of form) {
    if (typeof value !== "string") return form;
    copy.append(name, value);
  }
  return copy;
}

/**
 * Copies bodies that the caller could still change.
 *
 * @module
 */

import { objectTag } from "../primitives/object_tag.ts";

/**
 * Copies the present content of a body, as `fetch` does when it is called. A request may wait, and may be sent again, while the
 * caller already fills the same buffer or form for the next one. Texts and blobs never change, and streams are read while they
 * are sent.
 *
 * @param body The body.
 * @returns A copy of bytes, parameters and forms without files; the same object otherwise.
 */
export function ownBody(body: BodyInit): BodyInit {
  if (objectTag(body) === "ArrayBuffer") return (body as ArrayBuffer).slice(0);
  // Leave shared memory to the runtime, which may accept or refuse it.
  if (ArrayBuffer.isView(body) && body.buffer instanceof ArrayBuffer) {
    return new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice();
  }
  if (body instanceof URLSearchParams) return new URLSearchParams(body);
  return body instanceof FormData ? copyOf(body) : body;
}

/**
 * Copies a form without files. A form with files stays: Bun does not show under which name a form sends a file from the disk, so
 * a copy would send another name.
 */
function copyOf(form: FormData): FormData {
  const copy = new FormData();
  for (const [name, value] of form) {
    if (typeof value !== "string") return form;
    copy.append(name, value);
  }
  return copy;
}

/**
 * Decoding: from a body to the value that the caller wants.
 *
 * @module
 */

import { isSuccessStatus } from "../http/classify.ts";
import { decodeBody } from "../schemas/decode.ts";
import type { Call } from "./call.ts";
import type { Reply } from "./reply.ts";
import { describeReply } from "./reply_error.ts";

/**
 * Decodes a reply for a call, unless the caller reads the body, or the reply is an error.
 *
 * @param call The call.
 * @param reply The reply, which keeps the value.
 * @returns A promise only when the schema is asynchronous.
 */
export function decodeReply(call: Call, reply: Reply): Promise<void> | undefined {
  const { status, body } = reply;
  if (body === undefined || call.streams || !isSuccessStatus(status)) return undefined;
  if (status === 304 && call.journey.isValidating) return undefined;
  const value = decodeFor(call, reply, body);
  reply.decodedFor = call;
  reply.value = value;
  if (!(value instanceof Promise)) return undefined;
  return value.then((settled: unknown) => {
    reply.value = settled;
  });
}

/** Returns the value of a body, as the call's settings say; a promise only when the schema is asynchronous. */
function decodeFor(call: Call, reply: Reply, body: Uint8Array<ArrayBuffer> | string): unknown {
  const { as, schema, validate } = call.settings;
  const describe = () => describeReply(call, reply);
  return decodeBody(body, { as, schema: validate ? schema : undefined, dialect: schema, describe });
}

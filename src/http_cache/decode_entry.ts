/**
 * Decodes stored responses, once for all requests with the same schema.
 *
 * @module
 */

import type { CacheEntry, DecodedValues } from "../cache/cache.ts";
import { keptValuesOf } from "../cache/kept_values.ts";
import { isSuccessStatus } from "../http/classify.ts";
import type { Call } from "../policies/call.ts";
import { decodeReply } from "../policies/decode.ts";
import type { Reply } from "../policies/reply.ts";

/**
 * Decodes the reply of an entry, unless the entry keeps the decoded value already.
 *
 * @param call The call for which to decode.
 * @param reply The reply, which takes the value.
 * @param entry The entry, which keeps the value too if its adapter does so.
 * @returns A promise only if the schema validates asynchronously.
 */
export function decodeEntry(call: Call, reply: Reply, entry: CacheEntry): Promise<void> | undefined {
  const kept = keptValuesOf(entry.decoded);
  // The value of a range is not that of the whole body, so decode it each time.
  if (kept === undefined || reply.body !== entry.body || !isJson(call, reply)) {
    return decodeReply(call, reply);
  }
  const snapshot = kept.find(schemaOf(call));
  if (snapshot !== undefined) {
    reply.decodedFor = call;
    reply.value = snapshot.give();
    return undefined;
  }
  const decoding = decodeReply(call, reply);
  if (decoding !== undefined) return decoding.then(() => keepDecoded(call, reply, kept));
  keepDecoded(call, reply, kept);
  return undefined;
}

/**
 * Keeps the decoded value of a reply, if it is JSON.
 *
 * @param call The call for which it was decoded.
 * @param reply The reply.
 * @param decoded The values of the entry, if its adapter keeps them.
 */
export function keepDecoded(call: Call, reply: Reply, decoded: DecodedValues | undefined): void {
  const kept = keptValuesOf(decoded);
  if (kept === undefined || reply.decodedFor !== call || !isJson(call, reply)) return;
  kept.keep(schemaOf(call), reply.value);
}

/** Whether a call decodes a reply as JSON. */
function isJson({ settings, streams }: Call, { status }: Reply): boolean {
  return settings.as === "json" && !streams && isSuccessStatus(status);
}

/** Returns the schema that validates the value for a call. */
function schemaOf({ settings: { schema, validate } }: Call): object | undefined {
  return validate ? schema : undefined;
}

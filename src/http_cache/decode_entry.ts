/**
 * Decoding what is stored, once for all requests with the same schema.
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
 * Decodes the reply that an entry stands for, as far as its value is not kept with the entry.
 *
 * @param call The call that it is decoded for.
 * @param reply The reply; keeps the value.
 * @param entry The entry; keeps it too, if it comes from an adapter that does so.
 * @returns A promise only when the schema is asked, and asynchronous.
 */
export function decodeEntry(call: Call, reply: Reply, entry: CacheEntry): Promise<void> | undefined {
  const kept = keptValuesOf(entry.decoded);
  // A part of the body is decoded by itself.
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
 * Keeps what a reply was decoded to, if that is the value of JSON.
 *
 * @param call The call that it was decoded for.
 * @param reply The reply.
 * @param decoded Where to keep it, if anywhere.
 */
export function keepDecoded(call: Call, reply: Reply, decoded: DecodedValues | undefined): void {
  const kept = keptValuesOf(decoded);
  if (kept === undefined || reply.decodedFor !== call || !isJson(call, reply)) return;
  kept.keep(schemaOf(call), reply.value);
}

/** Whether a reply holds JSON for a call. */
function isJson({ settings, streams }: Call, { status }: Reply): boolean {
  return settings.as === "json" && !streams && isSuccessStatus(status);
}

/** What the value must pass for a call. */
function schemaOf({ settings: { schema, validate } }: Call): object | undefined {
  return validate ? schema : undefined;
}

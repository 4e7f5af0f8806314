/**
 * Station 2, single-flight: identical concurrent GETs share one execution.
 *
 * @module
 */

import { isEmpty } from "../http/headers.ts";
import { withoutFragment } from "../http/url.ts";
import { FlightTable } from "../primitives/flight_table.ts";
import type { StandardSchemaV1 } from "../schemas/standard_schema.ts";
import type { Call, Settings } from "./call.ts";
import type { Environment, Policy } from "./policy.ts";
import { Reply } from "./reply.ts";

/**
 * Lets a call that asks for the same as one under way wait for that one's reply. Calls are the same when URL, headers and
 * options are. Each decodes its own value, and each may be aborted alone: the work goes on as long as one waits for it.
 *
 * @param environment What the stations share.
 * @returns The policy.
 */
export function singleFlight({ counters }: Environment): Policy {
  const tables = new FlightTables();
  return (next) => (call) => {
    if (!isSharable(call) || call.cancelled) return next(call);
    const flights = tables.of(call.settings);
    const key = flightKey(call);
    const joined = flights.join(key);
    if (joined === undefined) {
      const promise = next(call);
      // Who has left by now leaves nothing to share.
      if (call.cancelled) return promise;
      call.flight = flights.start(key, call, promise);
      return promise;
    }
    call.flight = joined;
    const leader = joined.worker!;
    // The work may take as long as the most patient of those who wait for it.
    leader.deadlineAtMs = Math.max(leader.deadlineAtMs, call.deadlineAtMs);
    counters.shared++;
    return joined.promise!.then((reply) => sharedReply(call, leader, reply), (error) => {
      call.attempts = leader.attempts;
      throw error;
    });
  };
}

function sharedReply(call: Call, leader: Call, reply: Reply): Reply {
  call.attempts = leader.attempts;
  call.target = leader.target;
  const { head, body, openBody } = reply;
  const shared = new Reply(head, { from: "shared", body, openBody });
  shared.retryAfterMs = reply.retryAfterMs;
  return shared;
}

function isSharable({ request, streams }: Call): boolean {
  return !streams && request.method === "GET" && request.init === undefined;
}

/** What makes calls of the same settings the same. */
function flightKey({ request }: Call): string {
  const { headers } = request;
  const url = withoutFragment(request.url);
  return isEmpty(headers) ? url : `${url}\n${JSON.stringify(Object.entries(headers).sort())}`;
}

const MAX_TABLES = 64;

/** A table for all calls of the same settings, so that the key of most is the URL as it stands. */
class FlightTables {
  readonly #tables = new Map<string, FlightTable<string, Reply, Call>>();

  of(settings: Settings): FlightTable<string, Reply, Call> {
    settings.fingerprint ??= fingerprint(settings);
    let table = this.#tables.get(settings.fingerprint);
    if (table === undefined) {
      if (this.#tables.size >= MAX_TABLES) this.#dropEmpty();
      table = new FlightTable();
      this.#tables.set(settings.fingerprint, table);
    }
    return table;
  }

  #dropEmpty(): void {
    for (const [key, table] of this.#tables) {
      if (table.size === 0) this.#tables.delete(key);
    }
  }
}

const schemaNumbers = new WeakMap<StandardSchemaV1, number>();
let lastSchemaNumber = 0;

/** The settings that a shared execution depends on, as text. */
function fingerprint(settings: Settings): string {
  const { schema, fingerprint: _, priority: __, ...rest } = settings;
  if (schema !== undefined && !schemaNumbers.has(schema)) schemaNumbers.set(schema, ++lastSchemaNumber);
  const schemaNumber = schema === undefined ? 0 : schemaNumbers.get(schema);
  return `${schemaNumber} ${Object.entries(rest).map(([name, value]) => `${name}=${value}`).sort().join()}`;
}

/**
 * Station 2, single-flight: identical concurrent GETs share one execution.
 *
 * @module
 */

import { isEmpty } from "../http/headers.ts";
import { withoutFragment } from "../http/url.ts";
import { type Flight, FlightTable } from "../primitives/flight_table.ts";
import { StringMap } from "../primitives/string_map.ts";
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
  const flights = new Flights();
  return (next) => (call) => {
    if (!isSharable(call) || call.cancelled) return next(call);
    const joined = flights.join(call);
    if (joined === undefined) {
      const promise = next(call);
      // Who has left by now leaves nothing to share.
      if (!call.cancelled) call.flight = flights.start(call, promise);
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

/**
 * The executions under way, by what they ask for. Nearly always nobody asks for the same with other options, so these
 * become part of a key only when somebody does.
 */
class Flights {
  readonly #plain = new FlightTable<string, Reply, Call>(new StringMap());
  readonly #withSettings = new FlightTable<string, Reply, Call>();

  join(call: Call): Flight<string, Reply, Call> | undefined {
    const key = resourceKey(call);
    const leader = this.#plain.peek(key)?.worker;
    if (leader !== undefined && areSame(leader.settings, call.settings)) return this.#plain.join(key);
    return this.#withSettings.size === 0 ? undefined : this.#withSettings.join(fullKey(key, call.settings));
  }

  start(call: Call, promise: Promise<Reply>): Flight<string, Reply, Call> {
    const key = resourceKey(call);
    return this.#plain.peek(key) === undefined
      ? this.#plain.start(key, call, promise)
      : this.#withSettings.start(fullKey(key, call.settings), call, promise);
  }
}

function resourceKey({ request }: Call): string {
  const { headers } = request;
  const url = withoutFragment(request.url);
  return isEmpty(headers) ? url : `${url}\n${JSON.stringify(Object.entries(headers).sort())}`;
}

/** What a shared execution depends on; whom it is urgent for, it does not. */
function shareable({ priority: _, ...settings }: Settings): Omit<Settings, "priority"> {
  return settings;
}

function areSame(settings: Settings, others: Settings): boolean {
  if (settings === others) return true;
  const theirs: Readonly<Record<string, unknown>> = { ...shareable(others) };
  return Object.entries(shareable(settings)).every(([name, value]) => theirs[name] === value);
}

const schemaNumbers = new WeakMap<StandardSchemaV1, number>();
let lastSchemaNumber = 0;

function fullKey(key: string, settings: Settings): string {
  const { schema, ...rest } = shareable(settings);
  if (schema !== undefined && !schemaNumbers.has(schema)) schemaNumbers.set(schema, ++lastSchemaNumber);
  const schemaNumber = schema === undefined ? 0 : schemaNumbers.get(schema);
  const values = Object.entries(rest).map(([name, value]) => `${name}=${value}`).sort();
  return `${key}\n${schemaNumber}\n${values.join()}`;
}

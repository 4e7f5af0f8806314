/**
 * Calls, lanes and batches for tests that have no client.
 *
 * @module
 */

import { clientSettings } from "../../src/client/settings.ts";
import { NO_HEADERS } from "../../src/http/headers.ts";
import type { PreparedRequest } from "../../src/http/request.ts";
import { Allowance } from "../../src/lanes/allowance.ts";
import { Lane } from "../../src/lanes/lane.ts";
import { Call, type CallContext } from "../../src/policies/call.ts";
import type { Target } from "../../src/policies/journey.ts";
import type { Settings } from "../../src/policies/settings.ts";

/** A URL with a secret in it. */
export const SECRET_URL = "https://a.test/x?token=secret";

/** The parts of a fake call. */
export interface FakeCallOptions {
  readonly settings?: Partial<Settings> | undefined;
  readonly streams?: boolean | undefined;
  readonly isBackground?: boolean | undefined;
  /** The allowance of its batch. */
  readonly allowance?: Allowance | undefined;
  /** The parts of its request; by default a GET of {@linkcode SECRET_URL} without headers. */
  readonly request?: Partial<PreparedRequest> | undefined;
}

const OWNER: CallContext["owner"] = {
  settle() {},
  onCancel() {},
  onBodyEnd() {},
  nextId: () => 1,
  placesOf: (call) => [call.url],
  closing: undefined,
  straight: { run: () => Promise.resolve() },
};

/** Creates a call whose owner does nothing. */
export function fakeCall(
  { settings, streams = false, isBackground = false, allowance, request }: FakeCallOptions = {},
): Call {
  const context: CallContext = {
    settings: { ...clientSettings({}), ...settings },
    signals: [],
    headers: NO_HEADERS,
    allowance,
    streams,
    rejectsStatus: false,
    isBackground,
    owner: OWNER,
    straightHeaders: undefined,
  };
  if (request === undefined) return new Call(context, SECRET_URL, { onSettled() {} });
  const prepared: PreparedRequest = {
    method: "GET",
    url: SECRET_URL,
    absolute: true,
    origin: undefined,
    headers: NO_HEADERS,
    body: null,
    repeatable: true,
    init: undefined,
    ...request,
  };
  return new Call(context, prepared, { onSettled() {} });
}

/** Creates a lane in which nothing happens. */
export function fakeLane(key = "https://a.test"): Lane {
  return new Lane({ key, breaker: undefined, bucket: undefined });
}

/** Creates the target of a call. */
export function fakeTarget(target: Partial<Target> = {}): Target {
  return { lane: fakeLane(), url: SECRET_URL, headers: NO_HEADERS, sensitive: new Set(), ...target };
}

/** Creates the allowance of a batch with this many requests under way. */
export function fakeAllowance(active = 1, concurrency = 10): Allowance {
  const allowance = new Allowance(concurrency, 1_000, () => {});
  allowance.active = active;
  return allowance;
}

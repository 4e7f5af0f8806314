/**
 * The observer at the network: a `fetch` that forwards every request to the servers, and records requests and answers.
 *
 * @module
 */

import { isGivenWay } from "../../src/policies/attempt_errors.ts";
import { addressOf } from "./addresses.ts";
import { statedOf } from "./origin_limits.ts";
import type { Sent } from "./records.ts";
import { currentVisit, inVisit, ownedBy, type Visit, whileOpen } from "./visits.ts";
import type { Stage } from "./stage.ts";

/** Marks a request that a middleware sends again. */
export const AGAIN_HEADER = "x-again";

/** Creates the `fetch` of a stage's client. */
export function createNetwork(stage: Stage): typeof fetch {
  return async function fetch(input, init = {}): Promise<Response> {
    const sent = noteSent(stage, input, init);
    stage.listener?.onSend(sent);
    try {
      const response = await reach(stage, sent, input, init);
      noteAnswer(stage, sent, response);
      return response;
    } catch (error) {
      sent.isOver = true;
      sent.answeredAtMs = Math.min(sent.answeredAtMs, stage.clock.now());
      stage.note(`failed #${sent.index}: ${error}`);
      stage.listener?.onAnswer(sent);
      throw error;
    }
  };
}

/** Sends a request to the servers; at the edge, only until its visit ends. */
async function reach(
  stage: Stage,
  sent: Sent,
  input: string | URL | Request,
  init: RequestInit,
): Promise<Response> {
  if (!stage.plan.client.isWorker) return await stage.servers.fetch(input, init);
  const visit = currentVisit();
  if (visit === undefined) throw new Error("Disallowed operation called within global scope");
  if (visit.isOver) {
    // In a real worker, no code of the visit would run any more; here the code goes on, so the request never settles.
    sent.isOver = true;
    return await new Promise(() => {});
  }
  const ending = inVisit(undefined, () => visitSignal(visit, sent));
  const signal = sent.signal === undefined ? ending : AbortSignal.any([sent.signal, ending]);
  const answer = inVisit(undefined, () => stage.servers.fetch(input, { ...init, signal }));
  const response = await whileOpen(visit, answer);
  return ownedBy(visit, response);
}

/** Returns a signal that aborts at the end of a visit: then nothing of its request is on the wire any more. */
function visitSignal(visit: Visit, sent: Sent): AbortSignal {
  const controller = new AbortController();
  visit.onEnd(() => {
    sent.isOver = true;
    controller.abort(new Error("the visit is over"));
  });
  return controller.signal;
}

function noteSent(stage: Stage, input: string | URL | Request, init: RequestInit): Sent {
  const request = input instanceof Request ? input : undefined;
  const url = request?.url ?? String(input);
  const address = addressOf(url);
  const headers = new Headers(init.headers ?? request?.headers);
  const signal = init.signal ?? request?.signal;
  const sent: Sent = {
    index: stage.sent.length,
    url,
    address,
    method: init.method ?? request?.method ?? "GET",
    headers,
    signal,
    atMs: stage.clock.now(),
    caller: stage.callerById.get(address.id),
    isPart: address.isHop || headers.has(AGAIN_HEADER),
    entry: undefined,
    isOver: false,
    answeredAtMs: Infinity,
    status: 0,
    waitMs: undefined,
    stated: undefined,
    abortedAtMs: Infinity,
    hasGivenWay: false,
    bytes: 0,
    activeAtMs: stage.clock.now(),
  };
  signal?.addEventListener("abort", () => {
    if (isFinite(sent.abortedAtMs)) return;
    sent.abortedAtMs = stage.clock.now();
    sent.hasGivenWay = isGivenWay(sent.signal?.reason);
    stage.note(`stopped #${sent.index}: ${signal.reason}`);
  });
  stage.note(`sent #${sent.index}: ${sent.method} ${url}`);
  stage.sent.push(sent);
  stage.open.add(sent);
  sent.caller?.sent.push(sent);
  return sent;
}

function noteAnswer(stage: Stage, sent: Sent, response: Response): void {
  sent.answeredAtMs = sent.activeAtMs = stage.clock.now();
  sent.status = response.status;
  // Nothing more will arrive, even if the servers still count the request as open.
  if (response.headers.get("content-length") === "0" || response.body === null) sent.isOver = true;
  sent.waitMs = waitOf(stage, response);
  sent.stated = statedOf(response.headers);
  stage.note(`answered #${sent.index}: ${response.status}`);
  stage.listener?.onAnswer(sent);
}

function waitOf(stage: Stage, { status, headers }: Response): number | undefined {
  const stated = statedOf(headers);
  const text = headers.get("retry-after");
  if (text === null) return status === 429 && stated?.remaining === 0 ? stated.resetMs : undefined;
  return /^\d+$/.test(text) ? 1_000 * Number(text) : Math.max(0, Date.parse(text) - stage.clock.wallNow());
}

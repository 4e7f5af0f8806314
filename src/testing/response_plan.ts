/**
 * Plans how a response is sent, with or without a fault.
 *
 * @module
 */

import { isBodiless } from "../http/decoded_headers.ts";
import type { Fault } from "../middleware/faults/fault.ts";
import { type Answer, faultyAnswer } from "../middleware/faults/faulty_answer.ts";

/** How a response marks the end of its body. */
export type Framing = "length" | "chunked" | "close";

/** A response to send. */
export interface ResponsePlan {
  readonly status: number;
  /** The headers; with `content-length` if the framing is `length`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly framing: Framing;
  /** Whether the response can't have a body, not even an empty one. */
  readonly isBodiless: boolean;
  /** The part of the body that is sent. */
  readonly body: Uint8Array;
  /** The end of the body. */
  readonly ending: "complete" | "cut" | "stall";
  /** How fast the body is sent, in bytes per second. */
  readonly bytesPerSecond: number;
}

/** The inputs of a plan besides the response. */
export interface PlanInputs {
  readonly method: string;
  readonly fault: Fault | undefined;
  readonly bytesPerSecond: number;
  readonly wallNow: () => number;
}

const DEFAULT_DRIP_BYTES_PER_SECOND = 1_000;
const NO_BYTES = new Uint8Array(0);

/** Plans the response to a request that is neither refused nor reset. */
export function planResponse(answer: Answer, inputs: PlanInputs): ResponsePlan {
  const { method, fault } = inputs;
  const { status, headers, body, isChunked } = faultyAnswer(answer, fault, inputs.wallNow);
  const hasNoBody = isBodiless(method, status);
  const framing = fault?.kind === "cut" ? fault.framing ?? "length" : isChunked ? "chunked" : "length";
  const hasLength = framing === "length" && status !== 204 && status !== 304;
  const ending = hasNoBody ? "complete" : endingOf(fault);
  return {
    status,
    headers: hasLength ? { ...headers, "content-length": String(body.length) } : headers,
    framing,
    isBodiless: hasNoBody,
    body: hasNoBody ? NO_BYTES : body.subarray(0, sentBytes(fault, body.length)),
    ending,
    bytesPerSecond: fault?.kind === "drip"
      ? fault.bytesPerSecond ?? DEFAULT_DRIP_BYTES_PER_SECOND
      : inputs.bytesPerSecond,
  };
}

function endingOf(fault: Fault | undefined): ResponsePlan["ending"] {
  return fault?.kind === "cut" || fault?.kind === "stall" ? fault.kind : "complete";
}

function sentBytes(fault: Fault | undefined, length: number): number {
  if (fault?.kind === "cut") return Math.min(length, fault.afterBytes ?? length >> 1);
  if (fault?.kind === "stall") return Math.min(length, fault.afterBytes ?? 0);
  return length;
}

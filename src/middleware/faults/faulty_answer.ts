/**
 * Builds the response of a server with a fault.
 *
 * @module
 */

import type { Fault, RetryAfterFault, WrongContentFault } from "./fault.ts";

/** A response as a server sends it. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly isChunked: boolean;
}

const NO_BYTES = new Uint8Array(0);
const encoder = new TextEncoder();

/** Creates a response of plain text. */
export function textAnswer(status: number, text: string, headers?: Readonly<Record<string, string>>): Answer {
  return {
    status,
    headers: { "content-type": "text/plain;charset=utf-8", ...headers },
    body: encoder.encode(text),
    isChunked: false,
  };
}

/**
 * Applies a fault to a response. Faults that leave status, headers and body alone return the same response.
 *
 * @param answer The response without a fault.
 * @param fault The fault.
 * @param wallNow Returns the current time, in milliseconds since 1970.
 * @returns The response to send.
 */
export function faultyAnswer(answer: Answer, fault: Fault | undefined, wallNow: () => number): Answer {
  switch (fault?.kind) {
    case "status":
      return textAnswer(fault.status, fault.body ?? String(fault.status), lowerCase(fault.headers));
    case "retryAfter":
      return textAnswer(fault.status ?? 429, "Come back later\n", {
        "retry-after": retryAfter(fault, wallNow),
      });
    case "wrongContent":
      return wrongAnswer(answer, fault);
    default:
      return answer;
  }
}

function retryAfter({ delayMs, form }: RetryAfterFault, wallNow: () => number): string {
  const seconds = Math.ceil(delayMs / 1_000);
  return form === "date" ? new Date(wallNow() + seconds * 1_000).toUTCString() : String(seconds);
}

function wrongAnswer(answer: Answer, { content = "html" }: WrongContentFault): Answer {
  switch (content) {
    case "html":
      return textAnswer(200, "<!doctype html><title>Welcome</title><p>Please log in.\n", {
        "content-type": "text/html;charset=utf-8",
      });
    case "json":
      return textAnswer(200, '{"message":"not what you asked for"}', { "content-type": "application/json" });
    case "truncated":
      return { ...answer, status: 200, body: answer.body.subarray(0, answer.body.length >> 1) };
    case "empty":
      return { ...answer, status: 200, body: NO_BYTES };
  }
}

function lowerCase(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

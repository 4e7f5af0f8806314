/**
 * The URLs of a world. A URL contains the kind and the id of its target, so that the observer can trace each request on the
 * network to its caller.
 *
 * @module
 */

import type { MirrorPlan, TargetPlan } from "./plan.ts";

/** A secret that must never appear in an error message or an event. */
export const SECRET = "s3cr3t";

/** The parts of a URL on the network. */
export interface Address {
  readonly origin: string;
  readonly kind: string;
  /** The id of the caller's target; all pages of a list have the id of the first page. */
  readonly id: string;
  /** The number of the page, from 1. */
  readonly page: number;
  /** Whether the URL is the target of a redirect. */
  readonly isHop: boolean;
}

/** Returns the origin with the given number. */
export function originOf(index: number): string {
  return `https://o${index}.test`;
}

/** Returns the base URL of a mirror, which contains the mirror's index in the list of all mirrors. */
export function baseUrlOf({ origin }: MirrorPlan, index: number): string {
  return `${originOf(origin)}/m${index}/`;
}

/** Returns the URL of a target; a relative URL if the target has no origin. */
export function urlOf({ kind, id, origin, hasToken }: TargetPlan): string {
  const path = `${kind}/${id}${hasToken ? `?token=${SECRET}-query` : ""}`;
  return origin === undefined ? path : `${originOf(origin)}/${path}`;
}

/** Parses a URL of a world. */
export function addressOf(url: string): Address {
  const { origin, pathname } = new URL(url);
  const parts = pathname.split("/");
  const [id = "", page = "1"] = parts.at(-1)!.split("-");
  return { origin, kind: parts.at(-2) ?? "", id, page: Number(page), isHop: parts.includes("hop") };
}

/** Returns the limit key of a request, which is its kind; some kinds have none. */
export function limitKeyOf(url: string): string | undefined {
  const { kind } = addressOf(new URL(url, originOf(0)).href);
  return kind === "big" || kind === "redirect" ? undefined : kind;
}

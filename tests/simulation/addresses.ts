/**
 * How URLs say what they are for, so that whatever the network sees can be traced to its caller.
 *
 * @module
 */

import type { MirrorPlan, TargetPlan } from "./plan.ts";

/** What must never be seen in a message or an event. */
export const SECRET = "s3cr3t";

/** A URL as the network sees it. */
export interface Address {
  readonly origin: string;
  readonly kind: string;
  /** Which caller asks; of a page, its first page's. */
  readonly id: string;
  /** Which page it is, from 1. */
  readonly page: number;
  /** Whether a redirect has led there. */
  readonly isHop: boolean;
}

/** The origin of a number. */
export function originOf(index: number): string {
  return `https://o${index}.test`;
}

/** The base URL of a mirror, by its place among all. */
export function baseUrlOf({ origin }: MirrorPlan, index: number): string {
  return `${originOf(origin)}/m${index}/`;
}

/** The URL of a target; a relative one if it has no origin. */
export function urlOf({ kind, id, origin, hasToken }: TargetPlan): string {
  const path = `${kind}/${id}${hasToken ? `?token=${SECRET}-query` : ""}`;
  return origin === undefined ? path : `${originOf(origin)}/${path}`;
}

/** Reads a URL. */
export function addressOf(url: string): Address {
  const { origin, pathname } = new URL(url);
  const parts = pathname.split("/");
  const [id = "", page = "1"] = parts.at(-1)!.split("-");
  return { origin, kind: parts.at(-2) ?? "", id, page: Number(page), isHop: parts.includes("hop") };
}

/** The limit key of a request: its kind, but not of all. */
export function limitKeyOf(url: string): string | undefined {
  const { kind } = addressOf(new URL(url, originOf(0)).href);
  return kind === "big" || kind === "redirect" ? undefined : kind;
}

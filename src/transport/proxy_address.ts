/**
 * The address of a proxy.
 *
 * @module
 */

import { shapeError } from "../primitives/argument_checks.ts";
import type { Endpoint } from "../runtime/transport/contract.ts";

/** What a proxy is told of who uses it. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** A proxy. */
export interface ProxyAddress extends Endpoint {
  /** How it is spoken to. */
  readonly kind: "http" | "https" | "socks";
  /** What it is called in errors: its URL without credentials. */
  readonly label: string;
  /** Its URL with credentials: never to be shown. */
  readonly url: string;
  readonly credentials: Credentials | undefined;
}

const KINDS: Readonly<Record<string, readonly [ProxyAddress["kind"], number]>> = {
  "http:": ["http", 80],
  "https:": ["https", 443],
  "socks5:": ["socks", 1080],
  "socks5h:": ["socks", 1080],
};

/**
 * Reads the URL of a proxy.
 *
 * @param value The URL.
 * @param name The option that it was given in, for errors. They never say what was received, as it may hold a password.
 * @returns The address.
 * @throws {TypeError} If it is no URL of a proxy.
 */
export function parseProxy(value: unknown, name: string): ProxyAddress {
  const rule = "a URL such as 'http://user:password@host:8080', with http, https, socks5 or socks5h";
  const fail = (): never => {
    const received = typeof value === "string"
      ? "another text"
      : value instanceof URL
      ? "another URL"
      : undefined;
    if (received === undefined) throw shapeError("create transport", name, rule, value);
    throw new TypeError(`Cannot create transport as '${name}' must be ${rule}: received ${received}`);
  };
  if (typeof value !== "string" && !(value instanceof URL)) return fail();
  const text = String(value);
  if (!URL.canParse(text)) return fail();
  const { protocol, hostname, port, username, password, pathname, search } = new URL(text);
  const [kind, defaultPort] = KINDS[protocol] ?? [];
  if (kind === undefined || hostname === "" || !/^\/?$/.test(pathname) || search !== "") return fail();
  const decoded = decodeAll([username, password]) ?? fail();
  const address = { kind, host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) || defaultPort! };
  return {
    ...address,
    label: `${protocol}//${hostname}:${address.port}`,
    url: text,
    credentials: username === "" && password === ""
      ? undefined
      : { username: decoded[0]!, password: decoded[1]! },
  };
}

function decodeAll(texts: readonly string[]): string[] | undefined {
  try {
    return texts.map(decodeURIComponent);
  } catch {
    // A broken escape: what was meant is unknown.
    return undefined;
  }
}

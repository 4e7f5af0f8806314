/**
 * The address of a proxy.
 *
 * @module
 */

import { shapeError } from "../primitives/argument_checks.ts";
import type { Endpoint } from "../runtime/transport/contract.ts";
import { withoutBrackets } from "./ip_address.ts";

/** The decoded credentials of a proxy. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** A proxy. */
export interface ProxyAddress extends Endpoint {
  /** The protocol of the proxy. */
  readonly kind: "http" | "https" | "socks";
  /** The proxy's URL without credentials, for errors. */
  readonly label: string;
  /** The proxy's URL with credentials, which must never be shown. */
  readonly url: string;
  readonly credentials: Credentials | undefined;
}

/**
 * The maximum length of a user name and of a password for SOCKS 5, in bytes. RFC 1929 allows 1 to 255; an empty one is sent
 * nevertheless.
 */
const MAX_SOCKS_BYTES = 255;

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
 * @param name The option with the URL, for errors. Errors never show the value, which may contain a password.
 * @returns The address.
 * @throws {TypeError} If the value is no URL of a proxy, or the credentials are too long for SOCKS 5.
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
  if (kind === "socks" && decoded.some((text) => new TextEncoder().encode(text).length > MAX_SOCKS_BYTES)) {
    throw new TypeError(
      `Cannot create transport as '${name}' must have a user name and a password of at most ` +
        `${MAX_SOCKS_BYTES} bytes each for SOCKS 5`,
    );
  }
  const address = { kind, host: withoutBrackets(hostname), port: Number(port) || defaultPort! };
  return {
    ...address,
    label: `${protocol}//${hostname}:${address.port}`,
    url: text,
    credentials: username === "" && password === ""
      ? undefined
      : { username: decoded[0]!, password: decoded[1]! },
  };
}

/** Returns the part of an error message that says which credentials the proxy asks for. */
export function wantedCredentials(credentials: Credentials | undefined): string {
  return credentials === undefined
    ? "asks for credentials, which its URL has to name"
    : "asks for other credentials";
}

function decodeAll(texts: readonly string[]): string[] | undefined {
  try {
    return texts.map(decodeURIComponent);
  } catch {
    // The text contains a broken escape.
    return undefined;
  }
}

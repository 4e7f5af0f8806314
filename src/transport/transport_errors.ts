/**
 * The errors of a transport. Each names the hop that failed.
 *
 * @module
 */

import { NetworkError, type SlipstreamErrorOptions } from "../errors.ts";
import type { CertificateFailure, CertificateFault } from "../runtime/transport/contract.ts";

/** The hop where a connection failed: a proxy, the resolver of names, or the origin with the way to it. */
export type TransportHop = "proxy" | "resolver" | "origin";

/** Options of {@linkcode TransportError}. */
export interface TransportErrorOptions extends SlipstreamErrorOptions {
  /** The hop that failed. */
  readonly hop: TransportHop;
}

const OWN: unique symbol = Symbol.for("@slipstream/fetch.own-failure");

/**
 * The transport could not make a connection. Nothing of the request was sent to the origin, unless the message says that it may
 * have been.
 */
export class TransportError extends NetworkError {
  /** `"TransportError"`, unless a subclass has its own. */
  override readonly name: string = "TransportError";
  /** The hop that failed. */
  readonly hop: TransportHop;

  /** Creates the error. */
  constructor(message: string, options: TransportErrorOptions) {
    super(message, options);
    this.hop = options.hop;
  }
}

/** The transport is closed, and sends no more requests. A client does not retry this error. */
export class TransportClosedError extends TypeError {
  /** `"TransportClosedError"`. */
  override readonly name: string = "TransportClosedError";

  /** Creates the error; the cause is the error of a request that was in flight. */
  constructor(cause?: unknown) {
    super("Cannot fetch as the transport is closed", cause === undefined ? undefined : { cause });
  }
}

/** The failure of one proxy. */
export interface ProxyFailure {
  /** The proxy, without its credentials. */
  readonly proxy: string;
  /** The failure, as in `could not be reached`. */
  readonly failure: string;
  /** The status of the proxy's refusal; absent if there was none. */
  readonly status?: number | undefined;
}

/** No proxy could be used, because each was unreachable or refused. `hop` is `"proxy"`. */
export class ProxyError extends TransportError {
  /** `"ProxyError"`. */
  override readonly name: string = "ProxyError";
  /** The failures of the proxies that were tried, in order. */
  readonly failures: readonly ProxyFailure[];

  /** Creates the error. */
  constructor(target: string, failures: readonly ProxyFailure[]) {
    const told = failures.map(({ proxy, failure }) => `${proxy} ${failure}`).join("; ");
    super(`Cannot reach ${target} through a proxy: ${told}`, {
      hop: "proxy",
      context: { proxies: failures },
    });
    this.failures = failures;
  }
}

const ADVICE: Readonly<Record<CertificateFailure, string>> = {
  untrusted: "if its authority is a private one, 'caCerts' has to name it",
  "wrong-name": "the server has none for this name",
  expired: "the server has to renew it, or the clock of this machine is wrong",
  invalid: "the server needs another one",
};

/** A server has shown a certificate that can't be trusted. `hop` is `"origin"`. */
export class CertificateError extends TransportError {
  /** `"CertificateError"`. */
  override readonly name: string = "CertificateError";
  /** The host that the certificate should be for, with its port if that is not the default one. */
  readonly host: string;
  /** The reason. */
  readonly reason: CertificateFailure;

  /** Creates the error. */
  constructor(host: string, { reason, detail }: CertificateFault, cause: unknown) {
    super(`Cannot trust the certificate of ${host}: ${detail} (${ADVICE[reason]})`, {
      hop: "origin",
      cause,
      context: { host, reason },
    });
    this.host = host;
    this.reason = reason;
  }
}

/** Why a name has no address: no resolver has answered, or the name does not exist. */
export type ResolverFailure = "unreachable" | "not-found";

/** A name could not be resolved. `hop` is `"resolver"`. */
export class ResolverError extends TransportError {
  /** `"ResolverError"`. */
  override readonly name: string = "ResolverError";
  /** The name. */
  readonly host: string;
  /** The reason. */
  readonly reason: ResolverFailure;

  /** Creates the error. */
  constructor(host: string, reason: ResolverFailure, detail: string) {
    super(`Cannot resolve ${host}: ${detail}`, { hop: "resolver", context: { host, reason } });
    this.host = host;
    this.reason = reason;
  }
}

/**
 * Marks an error as one that says nothing about the origin, because a proxy or a resolver has failed before it.
 *
 * @returns The same error.
 */
export function markOwn<E extends TransportError>(error: E): E {
  Object.defineProperty(error, OWN, { value: true });
  return error;
}

/** Whether an error says nothing about the origin. */
export function isOwnFailure(error: unknown): boolean {
  return typeof error === "object" && error !== null &&
    (error as { readonly [OWN]?: unknown })[OWN] === true;
}

/**
 * The hosts that the environment names as reached without a proxy, which the runtimes go by, whatever they are told.
 *
 * @module
 */

import { isIpAddress } from "./ip_address.ts";

/** What `NO_PROXY` says, as far as all runtimes read it alike: names with all below them, addresses, and `*` for everything. */
export class ProxyExceptions {
  readonly #hosts: readonly string[];

  /**
   * Reads the exceptions as they are now.
   *
   * @param env Gives a variable of the environment.
   */
  constructor(env: (name: string) => string | undefined) {
    const text = env("NO_PROXY") || env("no_proxy") || "";
    this.#hosts = text.split(",").map((host) => host.trim().toLowerCase().replace(/^\./, "")).filter(Boolean);
  }

  /** Whether there are any. */
  get areThere(): boolean {
    return this.#hosts.length > 0;
  }

  /** Whether a host, as URLs have it, is one of them. */
  has(host: string): boolean {
    const name = host.replace(/^\[|\]$/g, "");
    return this.#hosts.some((each) =>
      each === "*" || each === name || (!isIpAddress(name) && name.endsWith(`.${each}`))
    );
  }
}

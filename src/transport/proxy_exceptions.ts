/**
 * Reads `NO_PROXY`: the hosts that the runtimes reach without a proxy, whatever proxy a request is given.
 *
 * @module
 */

import { parseIpAddress } from "./ip_address.ts";

/** A network: the addresses that begin with the same bits. */
interface Network {
  readonly bytes: readonly number[];
  readonly bits: number;
}

/**
 * The hosts in `NO_PROXY`, as far as all runtimes agree on its meaning: names with their subdomains, addresses, networks, and `*`
 * for all hosts.
 */
export class ProxyExceptions {
  /** Whether the program may not read the variables. The runtime itself still obeys them. */
  readonly areUnknown: boolean;
  /** Whether there are exceptions, or there may be some. */
  readonly mayBeThere: boolean;
  readonly #names: readonly string[];
  readonly #networks: readonly Network[];

  /**
   * Reads the current exceptions.
   *
   * @param env Returns a variable of the environment; `null` for one that the program may not read.
   */
  constructor(env: (name: string) => string | undefined | null) {
    const texts = [env("NO_PROXY"), env("no_proxy")];
    const hosts = (texts.find(Boolean) ?? "").split(",").map((host) => host.trim().toLowerCase()).filter(
      Boolean,
    );
    this.areUnknown = texts.includes(null);
    this.mayBeThere = hosts.length > 0 || this.areUnknown;
    this.#networks = hosts.flatMap((host) => parseNetwork(host) ?? []);
    this.#names = hosts.map((host) => host.replace(/^\./, ""));
  }

  /** Whether a host, written as in a URL, is an exception. */
  has(host: string): boolean {
    if (this.#names.includes("*")) return true;
    const bytes = parseIpAddress(host);
    return bytes === undefined
      ? this.#names.some((name) => host === name || host.endsWith(`.${name}`))
      : this.#networks.some((network) => isWithin(network, bytes));
  }
}

/** Reads an address, alone or with the length of its network prefix in bits (RFC 4632 §3.1). */
function parseNetwork(text: string): Network | undefined {
  const [, address = "", length] = /^([\da-f.:]+)(?:\/(\d+))?$/.exec(text) ?? [];
  const bytes = parseIpAddress(address);
  if (bytes === undefined) return undefined;
  const bits = length === undefined ? 8 * bytes.length : Number(length);
  return bits > 8 * bytes.length ? undefined : { bytes, bits };
}

function isWithin({ bytes, bits }: Network, address: readonly number[]): boolean {
  return address.length === bytes.length && bytes.every((byte, index) => {
    const shift = 8 - Math.min(Math.max(bits - 8 * index, 0), 8);
    return byte >> shift === address[index]! >> shift;
  });
}

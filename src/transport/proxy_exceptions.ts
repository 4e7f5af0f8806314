/**
 * The hosts that the environment names as reached without a proxy, which the runtimes go by, whatever they are told.
 *
 * @module
 */

import { parseIpAddress } from "./ip_address.ts";

/** Addresses that begin with the same bits. */
interface Network {
  readonly bytes: readonly number[];
  readonly bits: number;
}

/** What `NO_PROXY` says, as far as all runtimes read it alike: names with all below them, addresses, networks, and `*` for everything. */
export class ProxyExceptions {
  /** Whether the environment can't be read, by which the runtime itself goes nevertheless. */
  readonly areUnknown: boolean;
  /** Whether there are any, or may be. */
  readonly mayBeThere: boolean;
  readonly #names: readonly string[];
  readonly #networks: readonly Network[];

  /**
   * Reads the exceptions as they are now.
   *
   * @param env Gives a variable of the environment; `null` for one that may not be read.
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

  /** Whether a host, as URLs have it, is one of them. */
  has(host: string): boolean {
    if (this.#names.includes("*")) return true;
    const bytes = parseIpAddress(host);
    return bytes === undefined
      ? this.#names.some((name) => host === name || host.endsWith(`.${name}`))
      : this.#networks.some((network) => isWithin(network, bytes));
  }
}

/** Reads an address, alone or with the number of bits that count (RFC 4632 §3.1). */
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

/**
 * Addresses of hosts, as texts.
 *
 * @module
 */

/** Whether a host is an address and no name; brackets may be around one of IPv6. */
export function isIpAddress(host: string): boolean {
  return host.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}

/** A host as URLs have it: an address of IPv6 is in brackets. */
export function toUrlHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/**
 * An address of IPv6 as eight groups.
 *
 * @param bytes Its 16 bytes.
 */
export function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) => (bytes[2 * index]! << 8) | bytes[2 * index + 1]!);
  return groups.map((group) => group.toString(16)).join(":");
}

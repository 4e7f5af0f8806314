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
 * An address of IPv6 as URLs have it (RFC 5952), without brackets.
 *
 * @param bytes Its 16 bytes.
 */
export function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) => (bytes[2 * index]! << 8) | bytes[2 * index + 1]!);
  const text = groups.map((group) => group.toString(16)).join(":");
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}

/**
 * The bytes of an address: 4 of IPv4, or 16 of IPv6.
 *
 * @param host A host as a URL has it; brackets may be missing.
 * @returns The bytes; `undefined` if the host is a name.
 */
export function parseIpAddress(host: string): readonly number[] | undefined {
  if (!isIpAddress(host)) return undefined;
  if (!host.includes(":")) return host.split(".").map(Number);
  const url = URL.parse(`http://[${host.replace(/^\[|\]$/g, "")}]`);
  return url === null ? undefined : bytesOfGroups(url.hostname.slice(1, -1));
}

/** A URL's text has no dots, and one gap at most. */
function bytesOfGroups(text: string): readonly number[] {
  const [start, end] = text.split("::").map((half) => half === "" ? [] : half.split(":"));
  const missing = end === undefined ? 0 : 8 - start!.length - end.length;
  const groups = [...start!, ...Array<string>(missing).fill("0"), ...end ?? []];
  return groups.map((group) => parseInt(group, 16)).flatMap((group) => [group >> 8, group & 255]);
}

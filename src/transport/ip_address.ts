/**
 * Reads and writes IP addresses as text.
 *
 * @module
 */

/** Whether a host is an address, and not a name; an IPv6 address may be in brackets. */
export function isIpAddress(host: string): boolean {
  return host.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}

/** Writes a host as in a URL, with an IPv6 address in brackets. */
export function toUrlHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** Takes the brackets from an IPv6 address in a URL; gives any other host as it is. */
export function withoutBrackets(host: string): string {
  return host.replace(/^\[|\]$/g, "");
}

/**
 * Writes an IPv6 address as in a URL (RFC 5952), without brackets.
 *
 * @param bytes The 16 bytes of the address.
 */
export function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) => (bytes[2 * index]! << 8) | bytes[2 * index + 1]!);
  const text = groups.map((group) => group.toString(16)).join(":");
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}

/**
 * Reads the bytes of an address: 4 of IPv4, or 16 of IPv6.
 *
 * @param host A host as in a URL; brackets may be missing.
 * @returns The bytes; `undefined` if the host is a name.
 */
export function parseIpAddress(host: string): readonly number[] | undefined {
  if (!isIpAddress(host)) return undefined;
  if (!host.includes(":")) return host.split(".").map(Number);
  const url = URL.parse(`http://[${withoutBrackets(host)}]`);
  return url === null ? undefined : bytesOfGroups(url.hostname.slice(1, -1));
}

/** Reads the groups of an IPv6 address in the form of a URL, which has no dots and at most one gap (`::`). */
function bytesOfGroups(text: string): readonly number[] {
  const [start, end] = text.split("::").map((half) => half === "" ? [] : half.split(":"));
  const missing = end === undefined ? 0 : 8 - start!.length - end.length;
  const groups = [...start!, ...Array<string>(missing).fill("0"), ...end ?? []];
  return groups.map((group) => parseInt(group, 16)).flatMap((group) => [group >> 8, group & 255]);
}

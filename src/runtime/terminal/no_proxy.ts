/**
 * The environment's list of hosts that are reached without a proxy.
 *
 * @module
 */

/** The list with one host more, if it isn't there yet. */
export function addHost(list: string | undefined, host: string): string {
  const hosts = (list ?? "").split(",").map((entry) => entry.trim()).filter((entry) => entry !== "");
  return (hosts.includes(host) ? hosts : [...hosts, host]).join(",");
}

/**
 * The environment's list of hosts that are reached without a proxy.
 *
 * @module
 */

import { commaList } from "../../primitives/comma_list.ts";

/** The list with one host more, if it isn't there yet. */
export function addHost(list: string | undefined, host: string): string {
  const hosts = commaList(list ?? "");
  return (hosts.includes(host) ? hosts : [...hosts, host]).join(",");
}

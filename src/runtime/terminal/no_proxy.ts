/**
 * The environment's list of hosts for which no proxy is used.
 *
 * @module
 */

import { commaList } from "../../primitives/comma_list.ts";

/** Adds a host to the list, if the list lacks it. */
export function addHost(list: string | undefined, host: string): string {
  const hosts = commaList(list ?? "");
  return (hosts.includes(host) ? hosts : [...hosts, host]).join(",");
}

/**
 * Clients that extend other clients: the options that each inherits, and which clients close together.
 *
 * @module
 */

import type { ClientPlan, ExtensionPlan } from "./plan.ts";

/** Returns the options of an extension, with those that it inherits from other extensions; none for the client itself. */
export function familyOf({ extensions = [] }: ClientPlan, client: number): ExtensionPlan {
  const extension = extensions[client - 1];
  if (extension === undefined) return {};
  const own = Object.entries(extension).filter(([, value]) => value !== undefined);
  return { ...familyOf({ extensions }, parentOf(extension)), ...Object.fromEntries(own) };
}

/** Returns the index of the client that an extension extends. Index 0 is the client itself, which is no extension. */
export function parentOf({ parent }: ExtensionPlan): number {
  return parent === undefined ? 0 : parent + 1;
}

/** Whether a client closes when another client closes: it is the same one, or extends it. */
export function endsWith({ extensions = [] }: ClientPlan, client: number, other: number): boolean {
  if (client === other) return true;
  return client > 0 && endsWith({ extensions }, parentOf(extensions[client - 1]!), other);
}

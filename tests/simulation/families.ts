/**
 * Clients that are made of others: what each has of those before it, and which end with which.
 *
 * @module
 */

import type { ClientPlan, ExtensionPlan } from "./plan.ts";

/** Everything that an extension says, with what it has of those that it extends; nothing for the client itself. */
export function familyOf({ extensions = [] }: ClientPlan, client: number): ExtensionPlan {
  const extension = extensions[client - 1];
  if (extension === undefined) return {};
  const own = Object.entries(extension).filter(([, value]) => value !== undefined);
  return { ...familyOf({ extensions }, parentOf(extension)), ...Object.fromEntries(own) };
}

/** Which client an extension extends, by its place among all, of which the first is no extension. */
export function parentOf({ parent }: ExtensionPlan): number {
  return parent === undefined ? 0 : parent + 1;
}

/** Whether a client ends when another one does. */
export function endsWith({ extensions = [] }: ClientPlan, client: number, other: number): boolean {
  if (client === other) return true;
  return client > 0 && endsWith({ extensions }, parentOf(extensions[client - 1]!), other);
}

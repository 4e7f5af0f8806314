/**
 * The options of a request, from their plan.
 *
 * @module
 */

import type { RequestOptions } from "../../src/client/request.ts";
import type { StandardSchemaV1 } from "../../src/schemas/standard_schema.ts";
import type { OptionsPlan } from "./plan.ts";

/** Takes what the servers have, and nothing that comes in its place. */
const OWN: StandardSchemaV1 = {
  "~standard": {
    version: 1,
    vendor: "simulation",
    validate(value) {
      const isOwn = typeof value === "object" && value !== null && "u" in value;
      return isOwn ? { value } : { issues: [{ message: "must be the servers' own" }] };
    },
  },
};

/** Makes options of their plan. */
export function optionsOf<T extends OptionsPlan>(
  { hasSchema, ...options }: T = {} as T,
): Omit<T, "hasSchema"> & Pick<RequestOptions, "schema"> {
  return hasSchema ? { ...options, schema: OWN } : options;
}

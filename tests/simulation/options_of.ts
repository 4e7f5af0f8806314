/**
 * Creates the options of a request from their plan.
 *
 * @module
 */

import type { RequestOptions } from "../../src/client/request.ts";
import type { StandardSchemaResult, StandardSchemaV1 } from "../../src/schemas/standard_schema.ts";
import { isMeant } from "./middleware.ts";
import type { OptionsPlan, SchemaKind } from "./plan.ts";
import type { Stage } from "./stage.ts";

/** The time that an asynchronous schema takes, in milliseconds. */
const SCHEMA_MS = 30;

/** The error that a schema throws, or rejects with. */
export class SchemaError extends Error {}

/** Creates a schema that accepts the servers' own values, and rejects any content in their place. */
function schemaOf(stage: Stage, kind: SchemaKind): StandardSchemaV1 {
  const judge = (value: unknown): StandardSchemaResult<unknown> => {
    const id = (value as { readonly u?: string } | null | undefined)?.u;
    if (id === undefined) return { issues: [{ message: "must be the servers' own" }] };
    if ((kind === "throws" || kind === "rejects") && isMeant(kind, id)) throw new SchemaError(`not ${id}`);
    return { value: kind === "transforms" ? { ...value as object, isTransformed: true } : value };
  };
  const validate = (value: unknown) => {
    stage.interference.at("schema");
    return kind === "async" || kind === "rejects"
      ? stage.clock.sleep(SCHEMA_MS).then(() => judge(value))
      : judge(value);
  };
  return { "~standard": { version: 1, vendor: "simulation", validate } };
}

/** Creates the options of a request from their plan. */
export function optionsOf<T extends OptionsPlan>(
  stage: Stage,
  { schema, hasProgress, ...options }: T = {} as T,
): Omit<T, "schema" | "hasProgress"> & Pick<RequestOptions, "schema" | "onProgress"> {
  return {
    ...options,
    ...schema === undefined ? {} : { schema: schemaOf(stage, schema) },
    ...hasProgress ? { onProgress: () => stage.interference.at("progress") } : {},
  };
}

/**
 * The type of the payload schemas, declared here so that the public types do not import valibot's.
 *
 * @module
 */

import type { StandardSchemaProps } from "../schemas/standard_schema.ts";

/** One issue that a schema found, as valibot reports it. */
export interface PayloadIssue {
  /** The kind of the broken rule. */
  readonly kind: "schema" | "validation" | "transformation";
  /** The name of the broken rule. */
  readonly type: string;
  /** The value that broke it. */
  readonly input: unknown;
  /** The expected value in short, if there is a short form. */
  readonly expected: string | null;
  /** The received value in short. */
  readonly received: string;
  /** A message for people. */
  readonly message: string;
}

/**
 * A schema of valibot (https://valibot.dev) for a payload. `v.parse(schema, value)`, `v.pipe(schema, …)` and all other functions
 * of valibot accept it. So does any API that accepts a Standard Schema, such as the `schema` option of a request.
 */
export interface PayloadSchema<Payload> {
  /** The tag by which valibot distinguishes its objects. */
  readonly kind: "schema";
  /** The schema's name in valibot. */
  readonly type: string;
  /** The function of valibot that created the schema. */
  readonly reference: (...args: unknown[]) => PayloadSchema<unknown>;
  /** The expected type in short. */
  readonly expects: string;
  /** `false`: the schema validates synchronously. */
  readonly async: false;
  /** The properties of a Standard Schema. */
  readonly "~standard": StandardSchemaProps<unknown, Payload> & { readonly vendor: "valibot" };
  /** The function that valibot calls to check a value. */
  readonly "~run": (
    dataset: { typed?: false; value: unknown; issues?: undefined },
    config: Readonly<Record<never, never>>,
  ) =>
    | { typed: true; value: Payload; issues?: undefined }
    | { typed: true; value: Payload; issues: [PayloadIssue, ...PayloadIssue[]] }
    | { typed: false; value: unknown; issues: [PayloadIssue, ...PayloadIssue[]] };
  /** The types, for inference only; never there at run time. */
  readonly "~types"?: {
    readonly input: unknown;
    readonly output: Payload;
    readonly issue: PayloadIssue;
  } | undefined;
}

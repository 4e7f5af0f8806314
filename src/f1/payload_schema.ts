/**
 * The type of the payload schemas, in terms of this module alone.
 *
 * @module
 */

import type { StandardSchemaProps } from "../schemas/standard_schema.ts";

/** One thing that a schema found wrong, as valibot tells it. */
export interface PayloadIssue {
  /** Which kind of rule was broken. */
  readonly kind: "schema" | "validation" | "transformation";
  /** Which rule was broken. */
  readonly type: string;
  /** The value that broke it. */
  readonly input: unknown;
  /** What was expected, if that can be said in short. */
  readonly expected: string | null;
  /** What was received, in short. */
  readonly received: string;
  /** What is wrong. */
  readonly message: string;
}

/**
 * A schema of valibot (https://valibot.dev) for a payload: `v.parse(schema, value)`, `v.pipe(schema, …)` and all else that
 * valibot offers take it, and so does whatever takes a Standard Schema, such as the `schema` option of a request.
 */
export interface PayloadSchema<Payload> {
  /** What valibot's objects are told apart by. */
  readonly kind: "schema";
  /** The schema's name in valibot. */
  readonly type: string;
  /** The function of valibot that made it. */
  readonly reference: (...args: unknown[]) => PayloadSchema<unknown>;
  /** What it expects, in short. */
  readonly expects: string;
  /** It answers at once. */
  readonly async: false;
  /** What it offers as a Standard Schema. */
  readonly "~standard": StandardSchemaProps<unknown, Payload> & { readonly vendor: "valibot" };
  /** What valibot calls to check a value. */
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

/**
 * The part of the Standard Schema contract (https://standardschema.dev, version 1) that a schema must implement. Valibot, zod,
 * arktype and others implement it.
 *
 * @module
 */

/** A schema of any library that follows Standard Schema. */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  /** The properties that the library offers under the agreed name. */
  readonly "~standard": StandardSchemaProps<Input, Output>;
}

/** The properties behind `~standard`. */
export interface StandardSchemaProps<Input = unknown, Output = Input> {
  /** The version of the contract. */
  readonly version: 1;
  /** The library's name. */
  readonly vendor: string;
  /** Checks a value and turns it into the output type. */
  readonly validate: (value: unknown) => StandardSchemaResult<Output> | Promise<StandardSchemaResult<Output>>;
  /** The types, for inference only; absent at run time. */
  readonly types?: { readonly input: Input; readonly output: Output } | undefined;
}

/** The result of `validate`: a value, or issues. */
export type StandardSchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardSchemaIssue[] };

/** One fault of a value. */
export interface StandardSchemaIssue {
  /** A description of the fault. */
  readonly message: string;
  /** The path from the root of the value to the fault. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The output type of a schema. */
export type InferOutput<S extends StandardSchemaV1> = NonNullable<S["~standard"]["types"]>["output"];

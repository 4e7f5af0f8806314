/**
 * The part of the Standard Schema contract (https://standardschema.dev, version 1) that a validator must offer: valibot,
 * zod, arktype and others do.
 *
 * @module
 */

/** A schema of any library that follows Standard Schema. */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  /** What the library offers under the agreed name. */
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
  /** The types, for inference only; never there at run time. */
  readonly types?: { readonly input: Input; readonly output: Output } | undefined;
}

/** What `validate` gives: a value, or issues. */
export type StandardSchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardSchemaIssue[] };

/** One thing that is wrong with a value. */
export interface StandardSchemaIssue {
  /** What is wrong. */
  readonly message: string;
  /** Where, from the root. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The type that a schema's `validate` puts out. */
export type InferOutput<S extends StandardSchemaV1> = NonNullable<S["~standard"]["types"]>["output"];

/**
 * The public types of `@std/cli/parse-args`, which its npm release leaves out. A flag's name may be a path, as in
 * `server.port`, and then its value is nested.
 *
 * @module
 */

type BooleanType = boolean | string | undefined;
type StringType = string | undefined;
type Collectable = string | undefined;
type Negatable = string | undefined;

type Aliases<TArgNames = string, TAliasNames extends string = string> = Partial<
  Record<Extract<TArgNames, string>, TAliasNames | ReadonlyArray<TAliasNames>>
>;

/** One object type instead of an intersection. */
type Flat<T> = T extends Record<string, unknown> ? { [Key in keyof T]: Flat<T[Key]> } : T;

/** One object type with the members of all types in a union. */
type Merged<Union> = [Union] extends [never] ? Record<never, never>
  : (Union extends unknown ? (part: Union) => void : never) extends (whole: infer Whole) => void ? Whole
  : never;

/** An object with a value at a path: a required one ({@linkcode There}), or an optional one ({@linkcode Perhaps}). */
type There<Path extends string, Value> = Path extends `${infer Head}.${infer Tail}`
  ? { [Key in Head]: There<Tail, Value> }
  : { [Key in Path]: Value };
type Perhaps<Path extends string, Value> = Path extends `${infer Head}.${infer Tail}`
  ? { [Key in Head]?: Perhaps<Tail, Value> }
  : { [Key in Path]?: Value };

/** `--no-…` makes a negatable flag `false`. */
type Negated<Name, TNegatable extends Negatable> = Name extends TNegatable ? false : never;

type StringFlag<Name, TCollectable extends Collectable, TNegatable extends Negatable> = Name extends string
  ? Name extends TCollectable ? There<Name, Array<string> | Negated<Name, TNegatable>>
  : Perhaps<Name, string | Negated<Name, TNegatable>>
  : never;
type BooleanFlag<Name, TCollectable extends Collectable> = Name extends string
  ? There<Name, Name extends TCollectable ? Array<boolean> : boolean>
  : never;
type CollectedFlag<Name, TNegatable extends Negatable> = Name extends string
  ? There<Name, Array<unknown> | Negated<Name, TNegatable>>
  : never;

/** The types of the flags that follow from the options, before defaults and aliases. */
type Flags<
  TBooleans extends BooleanType,
  TStrings extends StringType,
  TCollectable extends Collectable,
  TNegatable extends Negatable,
> = Merged<
  | StringFlag<TStrings, TCollectable, TNegatable>
  | BooleanFlag<TBooleans, TCollectable>
  | CollectedFlag<Exclude<TCollectable, TStrings | TBooleans>, TNegatable>
>;

/** Defaults by path, as nested objects. */
type Nested<TDefault> = Record<string, unknown> extends TDefault ? TDefault
  : TDefault extends Record<string, unknown>
    ? Merged<{ [Key in keyof TDefault]: There<Extract<Key, string>, TDefault[Key]> }[keyof TDefault]>
  : TDefault;

/** A flag with a default is always there, and may have the default's type. */
type WithDefaults<TFlags, TDefault> = TDefault extends undefined ? TFlags
  :
    & Omit<TFlags, keyof TDefault>
    & {
      [Key in keyof TDefault]: Key extends keyof TFlags
        ? TDefault[Key] extends Record<string, unknown>
          ? NonNullable<WithDefaults<NonNullable<TFlags[Key]>, TDefault[Key]>>
        : TDefault[Key] | NonNullable<TFlags[Key]>
        : unknown;
    };

/** A flag's own name and its aliases. */
type NamesOf<Name, TAliases> = Name extends keyof TAliases ? string extends TAliases[Name] ? Name
  : TAliases[Name] extends string ? Name | TAliases[Name]
  : TAliases[Name] extends Array<string> ? Name | TAliases[Name][number]
  : Name
  : Name;
type WithAliases<TFlags, TAliases> = {
  [Name in keyof TFlags as NamesOf<Name, TAliases>]: TFlags[Name];
};

/** The types of all values. If no option names a flag, nothing is known about the flags. */
type Values<
  TBooleans extends BooleanType,
  TStrings extends StringType,
  TCollectable extends Collectable,
  TNegatable extends Negatable,
  TDefault extends Record<string, unknown> | undefined,
  TAliases extends Aliases | undefined,
> = undefined extends (false extends TBooleans ? undefined : TBooleans) & TCollectable & TStrings
  // deno-lint-ignore no-explicit-any
  ? Record<string, any>
  :
    & Record<string, unknown>
    & WithAliases<
      WithDefaults<Flags<TBooleans, TStrings, TCollectable, TNegatable>, Nested<TDefault>>,
      TAliases
    >;

/** Names that an editor can propose for `default`. */
type Defaults<TBooleans extends BooleanType, TStrings extends StringType> =
  & Record<string, unknown>
  & Partial<Record<Extract<TBooleans | TStrings, string>, unknown>>;

type DoubleDash = {
  /** The arguments after `--`. */
  "--"?: Array<string>;
};

/** The result of {@linkcode parseArgs}. */
export type Args<
  // deno-lint-ignore no-explicit-any
  TArgs extends Record<string, unknown> = Record<string, any>,
  TDoubleDash extends boolean | undefined = undefined,
> = Flat<
  & TArgs
  & {
    /** The arguments that belong to no flag. */
    _: Array<string | number>;
  }
  & (boolean extends TDoubleDash ? DoubleDash
    : true extends TDoubleDash ? Required<DoubleDash>
    : Record<never, never>)
>;

/** Options for {@linkcode parseArgs}. */
export interface ParseOptions<
  TBooleans extends BooleanType = BooleanType,
  TStrings extends StringType = StringType,
  TCollectable extends Collectable = Collectable,
  TNegatable extends Negatable = Negatable,
  TDefault extends Record<string, unknown> | undefined = Record<string, unknown> | undefined,
  TAliases extends Aliases | undefined = Aliases | undefined,
  TDoubleDash extends boolean | undefined = boolean | undefined,
> {
  /** Whether the arguments after `--` are returned separately, under the key `--`. */
  "--"?: TDoubleDash;
  /** Other names of flags. */
  alias?: TAliases;
  /** Flags without a value; `true` makes every flag without `=` one of them. */
  boolean?: TBooleans | ReadonlyArray<Extract<TBooleans, string>>;
  /** Values of flags that are not given. */
  default?: TDefault & Defaults<TBooleans, TStrings>;
  /** Whether everything after the first argument that is no flag belongs to no flag. */
  stopEarly?: boolean;
  /** Flags with a value that stays a string. */
  string?: TStrings | ReadonlyArray<Extract<TStrings, string>>;
  /** Flags that may occur more than once; their value is an array. */
  collect?: TCollectable | ReadonlyArray<Extract<TCollectable, string>>;
  /** Flags that `--no-…` makes `false`. */
  negatable?: TNegatable | ReadonlyArray<Extract<TNegatable, string>>;
  /** Called with every argument that the options do not name; if it returns `false`, the argument is left out. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** Reads command line arguments. */
export declare function parseArgs<
  TArgs extends Values<TBooleans, TStrings, TCollectable, TNegatable, TDefaults, TAliases>,
  TDoubleDash extends boolean | undefined = undefined,
  TBooleans extends BooleanType = undefined,
  TStrings extends StringType = undefined,
  TCollectable extends Collectable = undefined,
  TNegatable extends Negatable = undefined,
  TDefaults extends Record<string, unknown> | undefined = undefined,
  TAliases extends Aliases<TAliasArgNames, TAliasNames> | undefined = undefined,
  TAliasArgNames extends string = string,
  TAliasNames extends string = string,
>(
  args: string[],
  options?: ParseOptions<TBooleans, TStrings, TCollectable, TNegatable, TDefaults, TAliases, TDoubleDash>,
): Args<TArgs, TDoubleDash>;

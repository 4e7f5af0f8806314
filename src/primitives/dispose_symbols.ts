/**
 * The names of what `using` calls, in browsers that have none yet: Safari, Chrome before 134, Firefox before 141. Bundlers compile
 * `using` for them, but an object that was made without the names could not be disposed of. Loaded before what has such a method.
 *
 * @module
 */

/**
 * Adds `dispose` and `asyncDispose` where they are missing: those of the registry, which compiled code looks for.
 *
 * @param symbols What they are missing from.
 */
export function addDisposeSymbols(symbols: object): void {
  for (const name of ["dispose", "asyncDispose"]) {
    // Does not throw where the globals are frozen.
    if (!(name in symbols)) Reflect.defineProperty(symbols, name, { value: Symbol.for(`Symbol.${name}`) });
  }
}

addDisposeSymbols(Symbol);

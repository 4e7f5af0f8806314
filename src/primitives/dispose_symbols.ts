/**
 * Adds `Symbol.dispose` and `Symbol.asyncDispose` in browsers that lack them: Safari, Chrome before 134, Firefox before 141.
 * Bundlers compile `using` for these browsers, but an object created without the symbols could not be disposed of. Modules whose
 * classes have a dispose method must import this module.
 *
 * @module
 */

/**
 * Adds `dispose` and `asyncDispose` to an object that lacks them: the registered symbols, which compiled code looks for.
 *
 * @param symbols The object, usually `Symbol`.
 */
export function addDisposeSymbols(symbols: object): void {
  for (const name of ["dispose", "asyncDispose"]) {
    // Unlike an assignment, this does not throw if the globals are frozen.
    if (!(name in symbols)) Reflect.defineProperty(symbols, name, { value: Symbol.for(`Symbol.${name}`) });
  }
}

addDisposeSymbols(Symbol);

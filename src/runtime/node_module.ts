/**
 * The modules of Node.js, where the runtime has them built in.
 *
 * @module
 */

/** The versions from which on {@linkcode nodeModule} finds the modules of Node.js. */
export const FIRST_VERSIONS = "Node.js 20.16 and 22.3, or Bun 1.2.6";

/**
 * Returns a built-in module of Node.js, without an import that bundlers would try to resolve.
 *
 * @param name Its name, such as `node:fs/promises`.
 * @returns The module, typed as the caller uses it; `undefined` if the runtime has none.
 */
export function nodeModule<T>(name: string): T | undefined {
  const { process } = globalThis as {
    readonly process?: { getBuiltinModule?(name: string): unknown } | undefined;
  };
  return process?.getBuiltinModule?.(name) as T | undefined;
}

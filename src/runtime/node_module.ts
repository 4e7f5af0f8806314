/**
 * The modules of Node.js, where the runtime has them built in.
 *
 * @module
 */

/**
 * A module of Node.js. Nothing is imported, so that no bundler looks for it.
 *
 * @param name Its name, such as `node:fs/promises`.
 * @returns The module, as far as it is used; `undefined` if the runtime has none.
 */
export function nodeModule<T>(name: string): T | undefined {
  const { process } = globalThis as {
    readonly process?: { getBuiltinModule?(name: string): unknown } | undefined;
  };
  return process?.getBuiltinModule?.(name) as T | undefined;
}

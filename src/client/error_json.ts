/**
 * Outcomes and events as JSON, where an error of another class than those of this module would be empty.
 *
 * @module
 */

import { errorToJson, isError } from "../errors.ts";

const TO_JSON: PropertyDescriptor = {
  value(this: { readonly error: Error }): unknown {
    return { ...this, error: errorToJson(this.error) };
  },
};

/**
 * Gives an object a `toJSON` of its own, which no loop over its members sees, if JSON would make its error empty.
 *
 * @typeParam T The type of the object.
 * @param object The object, which is new.
 * @returns The object.
 */
export function showErrorInJson<T extends object>(object: T): T {
  const { error } = object as { readonly error?: unknown };
  return isError(error) && !("toJSON" in error) ? Object.defineProperty(object, "toJSON", TO_JSON) : object;
}

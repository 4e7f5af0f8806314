import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { addDisposeSymbols } from "../../src/primitives/dispose_symbols.ts";
import { test } from "../support/test.ts";

test("addDisposeSymbols() adds the symbols that compiled code looks for, where they are missing", () => {
  const symbols: { dispose?: symbol; asyncDispose?: symbol } = {};
  addDisposeSymbols(symbols);
  assertStrictEquals(symbols.dispose, Symbol.for("Symbol.dispose"));
  assertStrictEquals(symbols.asyncDispose, Symbol.for("Symbol.asyncDispose"));
  assertEquals(Object.keys(symbols), []);
});

test("addDisposeSymbols() keeps existing symbols, also those that other code has added", () => {
  const own = Symbol("own");
  const symbols: { dispose: symbol; asyncDispose?: symbol } = { dispose: own };
  addDisposeSymbols(symbols);
  assertStrictEquals(symbols.dispose, own);
  assert(symbols.asyncDispose !== own);
  const { dispose } = Symbol;
  addDisposeSymbols(Symbol);
  assertStrictEquals(Symbol.dispose, dispose);
});

test("addDisposeSymbols() does nothing in a program whose globals are frozen", () => {
  const symbols = Object.freeze({});
  addDisposeSymbols(symbols);
  assertEquals(Reflect.ownKeys(symbols), []);
});

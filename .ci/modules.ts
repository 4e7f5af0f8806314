/**
 * Reads the facts about one TypeScript module that the layer rules need: its imports, the runtime globals that it names,
 * and whether it holds any code that runs.
 *
 * @module
 */

import { type Token, tokenize } from "./tokens.ts";

/** One import or re-export of another module, in any form. */
export interface ModuleImport {
  /** The specifier without its quotes; `undefined` when it is computed at run time. */
  readonly specifier: string | undefined;
  /** Whether it is `import(…)`, as an expression or in a type. */
  readonly dynamic: boolean;
  /** The line, from 1. */
  readonly line: number;
}

/** One use of a runtime global. */
export interface GlobalUse {
  /** The global. */
  readonly name: string;
  /** The line, from 1. */
  readonly line: number;
}

/** The facts about a module that the layer rules check. */
export interface ModuleFacts {
  /** The module's imports and re-exports, including those of types. */
  readonly imports: readonly ModuleImport[];
  /** The places where the module names a runtime global. */
  readonly globals: readonly GlobalUse[];
  /** Whether the module declares only types. */
  readonly typesOnly: boolean;
}

const RUNTIME_GLOBALS = new Set(["Deno", "Bun", "process"]);
const GLOBAL_OBJECTS = new Set(["globalThis", "self", "window"]);
const CODE_KEYWORDS = new Set(["class", "const", "enum", "function", "let", "var", "default"]);
const BEFORE_KEY = new Set(["{", "}", ",", ";", "*", "readonly", "static", "async", "get", "set"]);

/** Finds the facts about a module in its source text. */
export function readModule(source: string): ModuleFacts {
  const tokens = tokenize(source);
  return { imports: findImports(tokens), globals: findGlobals(tokens), typesOnly: !holdsCode(tokens) };
}

function findImports(tokens: readonly Token[]): ModuleImport[] {
  const imports: ModuleImport[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== "name" || isMember(tokens, index)) continue;
    const next = tokens[index + 1];
    if (token.text === "import" && next?.text === "(") {
      const argument = tokens[index + 2];
      const specifier = argument?.kind === "string" ? argument.text : undefined;
      imports.push({ specifier, dynamic: true, line: token.line });
    } else if (token.text === "import" && next !== undefined && next.text !== ".") {
      const from = next.kind === "string" ? next : tokens[nameAt(tokens, "from", index + 2) + 1];
      if (from?.kind === "string") imports.push({ specifier: from.text, dynamic: false, line: token.line });
    } else if (token.text === "export") {
      const from = tokens[reExportFrom(tokens, index + 1) + 1];
      if (from?.kind === "string") imports.push({ specifier: from.text, dynamic: false, line: token.line });
    }
  }
  return imports;
}

/**
 * Returns the index of the first name `text` that a string follows. Returns -2 if there is none, so that the index after
 * it names no token either.
 */
function nameAt(tokens: readonly Token[], text: string, start: number): number {
  const index = tokens.findIndex((token, at) =>
    at >= start && token.kind === "name" && token.text === text && tokens[at + 1]?.kind === "string"
  );
  return index === -1 ? -2 : index;
}

/** Returns the index of `from` in `export * from`, `export * as x from` and `export { … } from`; -2 for other exports. */
function reExportFrom(tokens: readonly Token[], start: number): number {
  let index = tokens[start]?.text === "type" ? start + 1 : start;
  if (tokens[index]?.text === "*") index += tokens[index + 1]?.text === "as" ? 3 : 1;
  else if (tokens[index]?.text === "{") index = closingOf(tokens, index) + 1;
  else return -2;
  return tokens[index]?.text === "from" ? index : -2;
}

function findGlobals(tokens: readonly Token[]): GlobalUse[] {
  const uses: GlobalUse[] = [];
  for (const [index, { kind, text, line }] of tokens.entries()) {
    if (kind === "string") {
      if (RUNTIME_GLOBALS.has(text) && isIndexOfGlobalObject(tokens, index)) uses.push({ name: text, line });
    } else if (kind === "name" && RUNTIME_GLOBALS.has(text)) {
      const named = isMember(tokens, index) ? isGlobalObject(tokens, index - 2) : !isKey(tokens, index);
      if (named) uses.push({ name: text, line });
    }
  }
  return uses;
}

/** Whether the token stands after a dot. */
function isMember(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1]?.text;
  return before === "." || before === "?.";
}

/** Whether the token is `Deno` in `globalThis["Deno"]`. */
function isIndexOfGlobalObject(tokens: readonly Token[], index: number): boolean {
  return tokens[index - 1]?.text === "[" && isGlobalObject(tokens, index - 2);
}

/** Whether the expression that ends at `index` is the global object, also in parentheses with a type assertion. */
function isGlobalObject(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index];
  if (token?.text === "?.") return isGlobalObject(tokens, index - 1);
  if (token?.text !== ")") return token?.kind === "name" && GLOBAL_OBJECTS.has(token.text);
  let depth = 0;
  for (let at = index; at >= 0; at -= 1) {
    depth += depthChange(tokens[at]);
    if (depth === 0) return false;
    if (GLOBAL_OBJECTS.has(tokens[at]?.text ?? "")) return true;
  }
  return false;
}

/** Whether the token names a property or a method where it is declared. */
function isKey(tokens: readonly Token[], index: number): boolean {
  if (!BEFORE_KEY.has(tokens[index - 1]?.text ?? "")) return false;
  const optional = tokens[index + 1]?.text === "?" ? 1 : 0;
  const next = tokens[index + 1 + optional]?.text;
  if (next === ":") return true;
  if (next !== "(") return false;
  const afterParameters = tokens[closingOf(tokens, index + 1 + optional) + 1]?.text;
  return afterParameters === "{" || afterParameters === ":";
}

/** Returns the index of the bracket that closes the bracket at `index`. */
function closingOf(tokens: readonly Token[], index: number): number {
  let depth = 0;
  for (let at = index; at < tokens.length; at += 1) {
    depth += depthChange(tokens[at]);
    if (depth === 0) return at;
  }
  return tokens.length;
}

function depthChange(token: Token | undefined): -1 | 0 | 1 {
  if (token?.kind !== "other") return 0;
  if (token.text === "(" || token.text === "[" || token.text === "{") return 1;
  return token.text === ")" || token.text === "]" || token.text === "}" ? -1 : 0;
}

/** Whether the module's top level holds code that runs: a function, a class, a variable, or a re-exported value. */
function holdsCode(tokens: readonly Token[]): boolean {
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    depth += depthChange(token);
    if (depth > 0 || token.kind !== "name" || isMember(tokens, index)) continue;
    if (CODE_KEYWORDS.has(token.text)) return true;
    if (token.text === "export" && ["{", "*"].includes(tokens[index + 1]?.text ?? "")) return true;
  }
  return false;
}

/**
 * Splits TypeScript into tokens, just well enough to find imports and names without mistaking a comment, a string or a
 * regular expression for code.
 *
 * @module
 */

/** One token: a name or keyword, a string, or anything else. */
export interface Token {
  /** What the token is; `"other"` is punctuation, a number, a regular expression or a part of a template. */
  readonly kind: "name" | "string" | "other";
  /** The source text, without the quotes for a string; escapes in a string are not decoded. */
  readonly text: string;
  /** The line it starts on, from 1. */
  readonly line: number;
}

const BLANK = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y;
const NAME = /#?[\p{ID_Start}$_][\p{ID_Continue}$]*/uy;
const STRING = /"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/y;
const TEMPLATE_PART = /[`}](?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y;
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const OTHER = /\d[\w.]*|\?\.(?!\d)|\.\.\.|=>|\+\+|--|[\s\S]/uy;

/** The keywords after which a slash begins a regular expression; after any other name a slash divides. */
const BEFORE_REGEX = new Set(
  "await case delete do else in instanceof new of return throw typeof void yield".split(" "),
);
/** The punctuation that ends a value, so that a slash after it divides. */
const ENDS_VALUE = new Set([")", "]", "}", "++", "--"]);

/** Splits a module into its tokens. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  const openBraces: number[] = []; // one count for each template substitution that the position is in
  let position = 0;
  let line = 1;

  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = position;
    return pattern.exec(source)?.[0];
  };
  const readTemplatePart = (): string | undefined => {
    const part = match(TEMPLATE_PART);
    if (part?.startsWith("}")) openBraces.pop();
    if (part?.endsWith("${")) openBraces.push(0);
    return part;
  };
  const readOther = (): string => {
    const first = source[position];
    const inSubstitution = openBraces.length > 0;
    if (first === "`" || (first === "}" && openBraces.at(-1) === 0)) return readTemplatePart() ?? first;
    if (inSubstitution && first === "{") openBraces.push((openBraces.pop() ?? 0) + 1);
    if (inSubstitution && first === "}") openBraces.push((openBraces.pop() ?? 0) - 1);
    return (first === "/" && mayStartRegex(tokens) ? match(REGEX) : undefined) ?? match(OTHER) ?? "";
  };

  while (position < source.length) {
    let text = match(BLANK);
    if (text === undefined) {
      const name = match(NAME);
      const string = name === undefined ? match(STRING) : undefined;
      text = name ?? string ?? readOther();
      const kind = name !== undefined ? "name" : string !== undefined ? "string" : "other";
      tokens.push({ kind, text: kind === "string" ? text.slice(1, -1) : text, line });
    }
    position += text.length;
    line += text.split("\n").length - 1;
  }
  return tokens;
}

function mayStartRegex(before: readonly Token[]): boolean {
  const previous = before.at(-1);
  if (previous === undefined) return true;
  if (previous.kind === "string") return false;
  if (previous.kind === "name") return BEFORE_REGEX.has(previous.text);
  // After a value, `!` is a non-null assertion, and a slash divides; elsewhere it negates the expression that follows.
  if (previous.text === "!") return !endsValue(before.at(-2));
  return !endsValue(previous);
}

function endsValue(token: Token | undefined): boolean {
  if (token === undefined) return false;
  if (token.kind !== "other") return !BEFORE_REGEX.has(token.text);
  return ENDS_VALUE.has(token.text) || /^\d|`$|^\/.+\/[a-z]*$/s.test(token.text);
}

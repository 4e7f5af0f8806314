/**
 * The `Link` header (RFC 8288).
 *
 * @module
 */

import { trimSpace } from "../http/headers.ts";

/** A link in a response. */
export interface WebLink {
  /** The URL of its target, which may be relative to that of the response. */
  readonly target: string;
  /** The URL of the resource that the link is about; absent if that is the response itself. */
  readonly anchor: string | undefined;
  /** The relations of the target to that resource, in lower case, such as `next` or `last`. */
  readonly relations: readonly string[];
}

/**
 * Parses the value of a `Link` header (RFC 8288, appendix B.2). It skips text that is not a link, up to the next comma.
 *
 * @param value The value; several of them joined by commas.
 * @returns The links, in order.
 */
export function parseLinkHeader(value: string): WebLink[] {
  const links: WebLink[] = [];
  const scanner = new LinkScanner(value);
  while (!scanner.isAtEnd) {
    const target = scanner.target();
    if (target !== undefined) {
      const parameters = scanner.parameters();
      const relations = (parameters.get("rel") ?? "").split(/[ \t]+/).filter((relation) => relation !== "");
      links.push({
        target,
        anchor: parameters.get("anchor"),
        relations: relations.map((relation) => relation.toLowerCase()),
      });
    }
    scanner.skipToComma();
  }
  return links;
}

class LinkScanner {
  readonly #text: string;
  #index = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#index >= this.#text.length;
  }

  /** Reads the target in angle brackets; gives `undefined` if other text comes first. */
  target(): string | undefined {
    this.#skipSpace();
    if (this.#text[this.#index] !== "<") return undefined;
    const end = this.#text.indexOf(">", this.#index);
    if (end === -1) {
      // No later bracket has an end either. To search again from each one would take quadratic time.
      this.#index = this.#text.length;
      return undefined;
    }
    const target = this.#text.slice(this.#index + 1, end);
    this.#index = end + 1;
    return trimSpace(target);
  }

  /** Reads the parameters of a link, by their lower-case names. If a name occurs several times, the first one counts. */
  parameters(): Map<string, string> {
    const parameters = new Map<string, string>();
    this.#skipSpace();
    while (this.#text[this.#index] === ";") {
      this.#index++;
      this.#skipSpace();
      const name = this.#upTo(/[=;,]/g).toLowerCase();
      let value = "";
      if (this.#text[this.#index] === "=") {
        this.#index++;
        this.#skipSpace();
        value = this.#text[this.#index] === '"' ? this.#quoted() : this.#upTo(/[;,]/g);
      }
      if (name !== "" && !parameters.has(name)) parameters.set(name, value);
      this.#skipSpace();
    }
    return parameters;
  }

  /** Skips to the position after the next comma outside of quotes. */
  skipToComma(): void {
    for (; !this.isAtEnd; this.#index++) {
      const char = this.#text[this.#index];
      if (char === '"') {
        this.#quoted();
        this.#index--;
      } else if (char === ",") {
        this.#index++;
        return;
      }
    }
  }

  #skipSpace(): void {
    while (this.#text[this.#index] === " " || this.#text[this.#index] === "\t") this.#index++;
  }

  #upTo(end: RegExp): string {
    end.lastIndex = this.#index;
    const start = this.#index;
    this.#index = end.exec(this.#text)?.index ?? this.#text.length;
    return trimSpace(this.#text.slice(start, this.#index));
  }

  /** Reads a quoted text, without its escaping backslashes. A text without a closing quote reaches to the end of the value. */
  #quoted(): string {
    let value = "";
    for (this.#index++; !this.isAtEnd; this.#index++) {
      let char = this.#text[this.#index]!;
      if (char === '"') {
        this.#index++;
        break;
      }
      if (char === "\\") char = this.#text[++this.#index] ?? "";
      value += char;
    }
    return value;
  }
}

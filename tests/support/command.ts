/**
 * Runs a program, shows its output, and returns it.
 *
 * @module
 */

import { type OutputWriter, writeAll } from "./held_output.ts";

/** The result of a program that has ended. */
export interface CommandResult {
  /** Whether the exit code was 0. */
  readonly success: boolean;
  /** The text of stdout and then of stderr, without colors. */
  readonly output: string;
}

/** Options for {@linkcode runCommand}. */
export interface CommandOptions {
  /** Whether to hide the output. */
  readonly quiet?: boolean | undefined;
  /** Where to show stdout and stderr; by default, they are shown as they are. */
  readonly to?: OutputWriter | undefined;
  /** Whether the program keeps the proxies of the environment, because it needs the internet. */
  readonly keepProxies?: boolean | undefined;
  /** The folder to run in; by default the current one. */
  readonly cwd?: string | undefined;
  /** Additional environment variables. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** Matches the variables that would send requests to 127.0.0.1 through a proxy. */
const PROXY_VARIABLE = /^(?:https?|all|no)_proxy$/i;
// deno-lint-ignore no-control-regex
const COLOR = /\x1b\[[\d;]*m/g;

/** Runs a program to its end, without input. Removes the proxies of the environment unless `keepProxies` is set. */
export async function runCommand(
  program: string,
  args: readonly string[],
  { quiet = false, to, keepProxies = false, cwd, env: more }: CommandOptions = {},
): Promise<CommandResult> {
  const env = Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) => keepProxies || !PROXY_VARIABLE.test(name)),
  );
  const child = new Deno.Command(program, {
    args: [...args],
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...env, ...more },
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [output, errors, { success }] = await Promise.all([
    collect(child.stdout, quiet ? undefined : to ?? Deno.stdout),
    collect(child.stderr, quiet ? undefined : to ?? Deno.stderr),
    child.status,
  ]);
  return { success, output: `${output}\n${errors}`.replaceAll(COLOR, "") };
}

async function collect(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  copy: OutputWriter | undefined,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of stream) {
    text += decoder.decode(bytes, { stream: true });
    if (copy !== undefined) writeAll(copy, bytes);
  }
  return text;
}

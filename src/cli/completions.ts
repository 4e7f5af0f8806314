/**
 * `slipstream completions`: scripts that make a shell complete commands and flags.
 *
 * @module
 */

import { type FlagSpec, readArgs, UsageError } from "./args.ts";
import { type Command, type CommandContext, commandUsage, HELP_FLAG, helpColumns } from "./command.ts";
import { COMPLETIONS } from "./command_titles.ts";
import { writeWords } from "./word_wrap.ts";

const SHELLS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;
const FLAGS = HELP_FLAG;

/** Values of flags that are paths. */
const PATHS: readonly (string | undefined)[] = ["DIR", "FILE"];
/** Values of flags that may be `@` with a path. */
const AT_PATHS: readonly (string | undefined)[] = ["TEXT", "JSON"];
const HELP_SUMMARY = "Shows the help of a command";

/**
 * Creates the command `completions`.
 *
 * @param commands The other commands.
 */
export function completionsCommand(commands: readonly Command[]): Command {
  const command: Command = {
    ...COMPLETIONS,
    operands: "<bash|zsh|fish>",
    details: [
      "bash: source <(slipstream completions bash)",
      'zsh:  slipstream completions zsh > "${fpath[1]}/_slipstream"',
      "fish: slipstream completions fish > ~/.config/fish/completions/slipstream.fish",
      "For an alias, zsh needs 'setopt complete_aliases' besides.",
    ],
    flags: FLAGS,
    run: (args, context) => completions(args, context, command, [...commands, command]),
  };
  return command;
}

async function completions(
  args: readonly string[],
  { terminal }: CommandContext,
  command: Command,
  commands: readonly Command[],
): Promise<number> {
  const { flags, operands } = readArgs(args, FLAGS);
  if (flags.help) {
    await writeWords(terminal.stdout, commandUsage(command, helpColumns(terminal.stdout)));
    return 0;
  }
  const shell = operands.join(" ");
  if (!isShell(shell)) {
    throw new UsageError(`'completions' takes a shell, bash, zsh or fish: received ${JSON.stringify(shell)}`);
  }
  await terminal.stdout.write(SHELLS[shell](commands));
  return 0;
}

function isShell(text: string): text is keyof typeof SHELLS {
  return Object.hasOwn(SHELLS, text);
}

function namesOf(commands: readonly Command[]): string {
  return [...commands.map(({ name }) => name), "help"].join(" ");
}

function flagsOf({ flags }: Command): string[] {
  return Object.entries(flags).flatMap(([name, { short }]) =>
    short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`]
  );
}

function pathFlagsOf({ flags }: Command): string[] {
  return Object.entries(flags).flatMap(([name, { short, value }]) =>
    !PATHS.includes(value) ? [] : short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`]
  );
}

/** Returns the words that the first operand may be, if its usage lists them all: `<stats|clear|sweep>`. */
function operandWordsOf({ operands }: Command): readonly string[] {
  return /^<([a-z]+(?:\|[a-z]+)+)>/.exec(operands)?.[1]?.split("|") ?? [];
}

/** Returns the script for bash. Where the script offers no words, readline completes paths, and quotes them as needed. */
function bashScript(commands: readonly Command[]): string {
  const paths = [...new Set(commands.flatMap(pathFlagsOf))].join("|");
  const casesOf = (wordsOf: (command: Command) => readonly string[]): string[] => [
    "    case ${COMP_WORDS[1]} in",
    ...commands.filter((command) => wordsOf(command).length > 0).map((command) =>
      `      ${command.name}) COMPREPLY=($(compgen -W "${wordsOf(command).join(" ")}" -- "$current")) ;;`
    ),
    "    esac",
  ];
  return [
    "_slipstream() {",
    "  local current=$2 previous=$3 IFS=$' \\t\\n'",
    "  COMPREPLY=()",
    "  if [[ $COMP_CWORD -eq 1 ]] || [[ $COMP_CWORD -eq 2 && ${COMP_WORDS[1]} == help ]]; then",
    `    COMPREPLY=($(compgen -W "${namesOf(commands)}" -- "$current"))`,
    "    return",
    "  fi",
    `  case "$previous" in ${paths}) return ;; esac`,
    "  if [[ $current == @* ]]; then",
    "    IFS=$'\\n'",
    '    COMPREPLY=($(compgen -f -P @ -- "${current#@}"))',
    "    compopt -o filenames 2> /dev/null",
    "  elif [[ $current == -* ]]; then",
    ...casesOf(flagsOf),
    "  elif [[ $COMP_CWORD -eq 2 ]]; then",
    ...casesOf(operandWordsOf),
    "  fi",
    "}",
    "complete -o default -F _slipstream slipstream",
    "",
  ].join("\n");
}

function zshScript(commands: readonly Command[]): string {
  return [
    "#compdef slipstream",
    "_slipstream_path() { compset -P @; _files }",
    "_slipstream_at_path() { compset -P @ && _files }",
    "_slipstream() {",
    "  local -a commands=(",
    ...commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`),
    `    ${quote(`help:${HELP_SUMMARY}`)}`,
    "  )",
    "  if [[ $CURRENT == 2 || $CURRENT == 3 && $words[2] == help ]]; then",
    "    _describe command commands",
    "    return",
    "  fi",
    "  local command=$words[2]",
    "  shift words; (( CURRENT-- ))",
    "  case $command in",
    ...commands.flatMap((command) => [
      `    ${command.name})`,
      `      _arguments -s ${
        [...Object.entries(command.flags).flatMap(zshFlags), ...zshOperands(command)].map(quote).join(" ")
      } ;;`,
    ]),
    "  esac",
    "}",
    'if [[ $funcstack[1] == _slipstream ]]; then _slipstream "$@"; else compdef _slipstream slipstream; fi',
    "",
  ].join("\n");
}

function zshOperands(command: Command): string[] {
  const words = operandWordsOf(command);
  return [...(words.length === 0 ? [] : [`1:word:(${words.join(" ")})`]), "*:file:_slipstream_path"];
}

function zshFlags([name, { kind, short, value, help }]: readonly [string, FlagSpec]): string[] {
  const text = `[${help.replace(/[[\]\\:]/g, "\\$&")}]`;
  const argument = value === undefined ? "" : `:${value.replace(/[:'"]/g, " ").trim()}:${zshAction(value)}`;
  const often = kind === "list" ? "*" : "";
  // The value may be in the same word as the flag: `--out=DIR`, `-oFILE`.
  const [long, letter] = value === undefined ? ["", ""] : ["=", "+"];
  const spellings = short === undefined ? [`--${name}${long}`] : [`--${name}${long}`, `-${short}${letter}`];
  return spellings.map((spelling) => `${often}${spelling}${text}${argument}`);
}

function zshAction(value: string): string {
  return PATHS.includes(value) ? "_files" : AT_PATHS.includes(value) ? "_slipstream_at_path" : "";
}

function fishScript(commands: readonly Command[]): string {
  const isFirst = "-n __fish_use_subcommand";
  return [
    // The command is the first word, and no later one: a folder may have the name of a command.
    "function __slipstream_is",
    "  set -l words (commandline -opc)",
    '  test "$words[2]" = $argv[1]',
    "end",
    "function __slipstream_at_path",
    "  set -l word (commandline -ct)",
    "  string match -q '@*' -- $word; and printf '@%s\\n' (__fish_complete_path (string sub -s 2 -- $word))",
    "end",
    ...commands.map(({ name, summary }) =>
      `complete -c slipstream ${isFirst} -f -a ${name} -d ${quote(summary)}`
    ),
    `complete -c slipstream ${isFirst} -f -a help -d ${quote(HELP_SUMMARY)}`,
    "complete -c slipstream -n '__slipstream_is get' -a '(__slipstream_at_path)'",
    `complete -c slipstream -n '__slipstream_is help' -f -a ${
      quote(commands.map(({ name }) => name).join(" "))
    }`,
    ...commands.filter((command) => operandWordsOf(command).length > 0).map((command) => {
      const words = operandWordsOf(command).join(" ");
      const isNext = `__slipstream_is ${command.name}; and not __fish_seen_subcommand_from ${words}`;
      return `complete -c slipstream -n ${quote(isNext)} -f -a ${quote(words)}`;
    }),
    ...commands.flatMap(({ name, flags }) =>
      Object.entries(flags).map(([flag, { short, value, help }]) =>
        [
          `complete -c slipstream -n '__slipstream_is ${name}' -l ${flag}`,
          short === undefined ? "" : ` -s ${short}`,
          value === undefined ? "" : PATHS.includes(value) ? " -r -F" : " -x",
          AT_PATHS.includes(value) ? " -a '(__slipstream_at_path)'" : "",
          ` -d ${quote(help)}`,
        ].join("")
      )
    ),
    "",
  ].join("\n");
}

/** Puts a word in single quotes, in a form that all three shells read. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { main } from "../../src/cli/main.ts";
import { test } from "../support/test.ts";
import { FakeTerminal } from "./fake_terminal.ts";

async function scriptOf(shell: string): Promise<string> {
  const terminal = new FakeTerminal();
  assertEquals(await main(["completions", shell], terminal), 0);
  return terminal.stdout.text;
}

/** Returns what a shell prints for a script; `undefined` without that shell. */
async function run(shell: string, args: readonly string[], script: string): Promise<string | undefined> {
  const { spawnSync } = await import("node:child_process");
  const { error, stdout, stderr } = spawnSync(shell, [...args, script], { encoding: "utf8" });
  return error === undefined ? stdout + stderr : undefined;
}

for (const shell of ["bash", "zsh", "fish"]) {
  test(`slipstream completions ${shell} is a script that the shell can read, with every command and flag`, async () => {
    const script = await scriptOf(shell);
    for (const word of ["get", "f1", "cache", "demo", "completions", "concurrency", "fail-with-body"]) {
      assertStringIncludes(script, word);
    }
    const said = await run(shell, ["-n", "-c"], script);
    assert(said === undefined || said === "", said);
  });
}

test("slipstream completions bash completes commands, flags and files", async () => {
  const script = await scriptOf("bash");
  const completing = (...words: readonly string[]) =>
    run(
      "bash",
      ["-c"],
      `${script}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${
        words.length - 1
      }; _slipstream slipstream ${
        words.slice(-2).reverse().map((word) => `'${word}'`).join(" ")
      }; echo "\${COMPREPLY[*]}"`,
    );
  assertEquals(await completing("slipstream", "c"), "cache completions\n");
  assertEquals(await completing("slipstream", "help", "g"), "get\n");
  assertEquals(await completing("slipstream", "get", "--conc"), "--concurrency\n");
  assertEquals(await completing("slipstream", "get", "@deno.j"), "@deno.json\n");
  assertEquals(await completing("slipstream", "cache", "s"), "stats sweep\n");
  assertEquals(await completing("slipstream", "completions", ""), "bash zsh fish\n");
  // An empty completion makes readline complete a path.
  const paths = [["get", "--out", "deno.j"], ["get", "-o", "--"], ["cache", "stats", "d"], ["get", "d"]];
  for (const words of paths) assertEquals(await completing("slipstream", ...words), "\n");
  assertEquals(await completing("slipstream", "f1", "--manif"), "\n");
});

test("slipstream completions fish completes files behind @, in lists and in bodies", async () => {
  const script = await scriptOf("fish");
  const completing = (line: string) =>
    run("fish", ["-c"], `${script}\ncomplete -C '${line}' | string split -f1 \\t`);
  if (await completing("") === undefined) return; // There is no fish.
  for (const line of ["get @deno.j", "get https://h/ @deno.j", "get -d @deno.j", "get --json @deno.j"]) {
    assertEquals(await completing(`slipstream ${line}`), "@deno.json\n", line);
  }
  assertEquals(await completing("slipstream get @sr"), "@src/\n");
  assertEquals(await completing("slipstream get --retries @deno.j"), "");
});

test("slipstream completions fish takes only the first word for the command", async () => {
  const script = await scriptOf("fish");
  const completing = (line: string) =>
    run("fish", ["-c"], `${script}\ncomplete -C '${line}' | string split -f1 \\t`);
  if (await completing("") === undefined) return; // There is no fish.
  assertEquals(await completing("slipstream cache swe"), "sweep\n");
  assertEquals(await completing("slipstream help dem"), "demo\n");
  assertEquals(await completing("slipstream get --cache cache swe"), "");
  assertEquals(await completing("slipstream get --out demo --late"), "");
  assertEquals(await completing("slipstream get help dem"), "");
});

test("slipstream completions zsh completes commands once, and files behind @ in bodies", async () => {
  const script = await scriptOf("zsh");
  // Outside of an interactive line zsh completes nothing; replace the functions that the script calls, and record the
  // calls.
  const ears = [
    "compdef() { }",
    "_describe() { print commands ${commands%%:*} }",
    "_files() { print files $PREFIX }",
    "compset() { [[ $PREFIX == @* ]] && PREFIX=${PREFIX#@} }",
    "_arguments() { print -l -- $@ | grep at_path }",
  ];
  const completing = (words: string, then: string) =>
    run("zsh", ["-f", "-c"], [...ears, script, `words=(${words}); CURRENT=$#words; ${then}`].join("\n"));
  const commands = "commands get f1 cache demo completions help\n";
  for (const [words, said] of [["x g", commands], ["x help g", commands], ["x help get g", ""]] as const) {
    const given = await completing(words, "_slipstream");
    if (given === undefined) return; // There is no zsh.
    assertEquals(given, said, words);
  }
  const flags = (await completing("x get --da", "_slipstream"))?.match(/^\*?--?\w+[=+]/gm);
  assertEquals(flags, ["*--data=", "*-d+", "--json="]);
  assertEquals(await completing("", "for PREFIX in @a b; do _slipstream_at_path; done"), "files a\n");
});

test("slipstream completions for a shell that it does not know is wrong usage", async () => {
  for (const args of [[], ["tcsh"], ["bash", "zsh"], ["toString"]]) {
    const terminal = new FakeTerminal();
    assertEquals(await main(["completions", ...args], terminal), 2);
    const received = JSON.stringify(args.join(" "));
    assertStringIncludes(
      terminal.stderr.text,
      `'completions' takes a shell, bash, zsh or fish: received ${received}\n`,
    );
  }
});

import { assertEquals } from "@std/assert";
import { COMMANDS } from "../../src/cli/commands.ts";
import { test } from "../support/test.ts";

test("COMMANDS lists each command under the title that it has itself", async () => {
  for (const { name, summary, load } of COMMANDS) {
    const command = await load();
    assertEquals([command.name, command.summary], [name, summary]);
  }
});

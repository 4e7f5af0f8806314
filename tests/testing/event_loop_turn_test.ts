import { assertEquals } from "@std/assert";
import { eventLoopTurn, messageTurn } from "../../src/testing/event_loop_turn.ts";
import { test } from "../support/test.ts";

for (const [name, turn] of Object.entries({ eventLoopTurn, messageTurn })) {
  test(`${name}() lets every promise reaction run, also those of reactions`, async () => {
    let hops = 0;
    (async () => {
      while (hops < 1_000) {
        await null;
        hops++;
      }
    })();
    await turn();

    assertEquals(hops, 1_000);
  });
}

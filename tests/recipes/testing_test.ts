import { mock } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type Client, createClient } from "../../mod.ts";
import { systemClock } from "../../src/primitives/clock.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";

/** The code under test: it gets its client from its caller. */
async function teamOf(client: Client, driver: string): Promise<string> {
  const { team } = await client.json<{ team: string }>(`https://api.example.com/drivers/${driver}`);
  return team;
}

test("a recipe: code that uses a client is tested without a network, and without waiting for its retries", async () => {
  const clock = new ManualClock();
  const asked: string[] = [];
  await using client = createClient({
    clock,
    // Each request needs a response of its own, because a response can be read once.
    fetch: (url) => {
      const isFirst = asked.push(String(url)) === 1;
      return Promise.resolve(
        isFirst ? new Response(null, { status: 503 }) : Response.json({ team: "Ferrari" }),
      );
    },
  });

  assertEquals(await clock.run(teamOf(client, "LEC")), "Ferrari");
  assertEquals(asked, Array(2).fill("https://api.example.com/drivers/LEC"));
  assert(clock.now() >= 2_000, "the retry came after a backoff of at least two seconds of the clock's time");
});

test("a recipe: the fake timers of a test framework drive a client, also if they leave performance.now alone", async () => {
  // These fake timers do, and so do those of @std/testing. Those of Vitest, Jest, Sinon and Bun need no `clock`.
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  try {
    let asked = 0;
    await using client = createClient({
      clock: { ...systemClock, now: () => Date.now() },
      fetch: () =>
        Promise.resolve(++asked < 3 ? new Response(null, { status: 503 }) : Response.json({ team: "Haas" })),
    });

    const team = teamOf(client, "BEA");
    for (let second = 0; second < 10; second++) {
      await eventLoopTurn();
      mock.timers.tick(1_000);
    }
    assertEquals([await team, asked], ["Haas", 3]);
  } finally {
    mock.timers.reset();
  }
});

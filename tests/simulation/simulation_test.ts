import { assertEquals, assertNotEquals } from "@std/assert";
import { test } from "../support/test.ts";
import { drawWorld } from "./draw_world.ts";
import { runWorld, warmUp } from "./run.ts";
import { runSeeds } from "./seeds.ts";

/** The number of seeds that run here; `deno task simulate` runs more. */
const SEEDS = 500;
/** The number of seeds in one test. */
const PORTION = 25;

for (let first = 1; first <= SEEDS; first += PORTION) {
  test(`runWorld() keeps every rule in worlds ${first} to ${first + PORTION - 1}`, async () => {
    const { failures } = await runSeeds({ first, count: PORTION });
    assertEquals(failures, [], "deno task simulate --seed N shrinks one of them");
  });
}

test("runWorld() does the same for the same seed, and leaves nothing behind for the next", async () => {
  await warmUp();
  const alone = await runWorld(drawWorld(16));
  await runWorld(drawWorld(17));
  const again = await runWorld(drawWorld(16));
  assertEquals(again.digest, alone.digest);
  assertNotEquals((await runWorld(drawWorld(18))).digest, alone.digest);
});

test("drawWorld() draws data, which is the same after it was printed and read", async () => {
  await warmUp();
  const world = drawWorld(30);
  const { digest } = await runWorld(world);
  assertEquals((await runWorld(JSON.parse(JSON.stringify(world)))).digest, digest);
});

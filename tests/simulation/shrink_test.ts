import { assertEquals } from "@std/assert";
import { test } from "../support/test.ts";
import { drawWorld } from "./draw_world.ts";
import type { WorldPlan } from "./plan.ts";
import { shrink } from "./shrink.ts";

/** Whether somebody asks for this in a batch. */
function asksFor(id: string): (plan: WorldPlan) => Promise<boolean> {
  return ({ steps }) =>
    Promise.resolve(
      steps.some((step) => step.what === "batch" && step.targets.some((target) => target.id === id)),
    );
}

/** The first world that has a batch of several, and one of its requests. */
function worldWithBatch(): { readonly world: WorldPlan; readonly id: string } {
  for (let seed = 1;; seed++) {
    const world = drawWorld(seed);
    for (const step of world.steps) {
      if (step.what === "batch" && step.targets.length > 3) return { world, id: step.targets[2]!.id };
    }
  }
}

test("shrink() leaves nothing but what breaks the rule", async () => {
  const { world, id } = worldWithBatch();
  const { steps, client, origins } = await shrink(world, asksFor(id));
  assertEquals(steps.length, 1);
  const [step] = steps;
  assertEquals(step!.what === "batch" && step!.targets.map((target) => target.id), [id]);
  // As it is printed: what is undefined is not there.
  assertEquals(JSON.parse(JSON.stringify(client)), { plain: {} });
  assertEquals(origins.flatMap(({ phases }) => phases), []);
});

test("shrink() keeps a world of which nothing can be left out", async () => {
  const { world, id } = worldWithBatch();
  const smallest = await shrink(world, asksFor(id));
  assertEquals(await shrink(smallest, asksFor(id)), smallest);
});

test("shrink() has everything that was relative lead to an origin when it leaves out the mirrors", async () => {
  const target = { kind: "data", id: "r1" } as const;
  const world: WorldPlan = {
    seed: 1,
    client: { mirrors: [{ origin: 0 }] },
    origins: [{ latencyMs: [0, 0], phases: [] }],
    steps: [{ what: "call", atMs: 0, how: "json", target }],
  };
  const isAsked = (plan: WorldPlan) => Promise.resolve(plan.steps.length > 0);
  const { client, steps } = await shrink(world, isAsked);
  assertEquals(client.mirrors, undefined);
  assertEquals(steps, [{ what: "call", atMs: 0, how: "json", target: { ...target, origin: 0 } }]);
});

import { assertEquals } from "@std/assert";
import { test } from "../support/test.ts";
import { drawWorld } from "./draw_world.ts";
import type { WorldPlan } from "./plan.ts";
import { shrink } from "./shrink.ts";

/** Returns a function that checks whether a batch of a world requests the target with this id. */
function asksFor(id: string): (plan: WorldPlan) => Promise<boolean> {
  return ({ steps }) =>
    Promise.resolve(
      steps.some((step) => step.what === "batch" && step.targets.some((target) => target.id === id)),
    );
}

/** Returns the first world that has a batch of more than three requests, and the id of one of them. */
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
  // Compare the client as JSON, which leaves out fields that are `undefined`.
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

import { assertEquals } from "@std/assert";
import { keepWithBody } from "../../src/http/response_keeper.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { collectGarbage } from "../support/garbage.ts";
import { test } from "../support/test.ts";

async function isCollected(response: WeakRef<Response>): Promise<boolean> {
  for (let turn = 0; turn < 5; turn++) {
    collectGarbage();
    await eventLoopTurn();
  }
  return response.deref() === undefined;
}

test("keepWithBody() keeps a response for as long as its body, and no longer", async () => {
  const held: { body?: ReadableStream } = {};
  const response = await (async () => {
    const response = new Response(new ReadableStream());
    keepWithBody(response);
    held.body = response.body!;
    await eventLoopTurn();
    return new WeakRef(response);
  })();
  assertEquals(await isCollected(response), false);
  assertEquals(held.body?.locked, false);
  delete held.body;
  assertEquals(await isCollected(response), true);
});

test("keepWithBody() accepts a response without a body", () => {
  keepWithBody(new Response(null, { status: 204 }));
});

import { assertEquals, assertInstanceOf } from "@std/assert";
import { HttpError } from "../../mod.ts";
import { MAX_PAUSE_MS } from "../../src/lanes/pause.ts";
import { rejection } from "../support/settled.ts";
import { json, status } from "../policies/fake_origin.ts";
import { testBothWays, URL_A } from "../policies/rig.ts";

testBothWays("a server's answer never pauses its origin for longer than a day", async (rig) => {
  const tenYears = String(10 * 365 * 86_400);
  for (const code of [429, 503]) {
    const { client, clock, origin, run } = rig(
      [status(code, { "retry-after": tenYears }), json("back")],
      { maxRetryAfterMs: Infinity, maxRetries: 0 },
    );
    assertInstanceOf(await run(rejection(client.json(URL_A))), HttpError);
    const answered = client.json(URL_A);
    await clock.advance(MAX_PAUSE_MS - 1);
    assertEquals([MAX_PAUSE_MS, origin.calls], [24 * 60 * 60 * 1_000, 1]);
    assertEquals(await run(answered), "back");
    assertEquals(origin.timesMs, [0, MAX_PAUSE_MS]);
  }
});

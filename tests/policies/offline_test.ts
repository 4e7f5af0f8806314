import { assertEquals, assertInstanceOf, assertMatch, assertRejects } from "@std/assert";
import { createClient } from "../../src/client/create_client.ts";
import { OfflineError } from "../../src/errors.ts";
import { offline, offlineError } from "../../src/policies/offline.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";
import { fakeCall } from "./fake_call.ts";
import { FakeOrigin, json } from "./fake_origin.ts";

test("offline() refuses every call with an OfflineError", async () => {
  const call = fakeCall({ request: { url: "https://a.test/x" } });
  const error = await assertRejects(() => offline()(call), OfflineError);
  assertEquals([error.url, error.message], [
    "https://a.test/x",
    "GET https://a.test/x was not sent: the client is offline, and the cache has no answer",
  ]);
});

test("offlineError() blames no cache that was not to be read", () => {
  for (
    const [settings, why] of [
      [{}, "the cache has no answer"],
      [{ cache: "only-if-cached" }, "the cache has no answer"],
      [{ readCache: false }, "the cache is not to be read"],
      [{ cache: "no-store" }, "the cache is not to be read"],
    ] as const
  ) {
    assertMatch(
      offlineError(fakeCall({ settings })).message,
      new RegExp(`the client is offline, and ${why}$`),
    );
  }
});

test("offlineError() shows no secret of the URL", () => {
  const call = fakeCall({ request: { url: "https://a.test/x?token=s3cret" } });
  assertEquals(offlineError(call).message.includes("s3cret"), false);
});

test("an offline client without a plan sends nothing, whatever the method and the settings", async () => {
  const clock = new ManualClock();
  for (const cache of [undefined, false] as const) {
    const origin = new FakeOrigin(json(1));
    await using client = createClient({ clock, fetch: origin.fetch, offline: true, cache });
    for (
      const options of [{}, { cache: "only-if-cached" }, { cache: "no-store" }, { readCache: false }] as const
    ) {
      for (const method of ["GET", "POST"]) {
        const request = { url: "https://a.test/x", method };
        assertInstanceOf(
          await clock.run(client.json(request, options).catch((error) => error)),
          OfflineError,
        );
      }
    }
    assertEquals(origin.calls, 0);
  }
});

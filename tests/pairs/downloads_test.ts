import { assertEquals, assertInstanceOf } from "@std/assert";
import { createClient } from "../../src/client/create_client.ts";
import { InvalidDataError } from "../../src/errors.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";
import { watch } from "../support/settled.ts";

/** Creates a response of the network whose body begins and never ends. */
function endless(url: string, length: number, cancel: () => void): Response {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(10)),
    cancel,
  });
  const response = new Response(body, { headers: { "content-length": String(length) } });
  return Object.defineProperty(response, "url", { value: url });
}

test("download × maxBodyBytes × concurrency: a file that is too large is stopped before another request goes", async () => {
  for (const length of [2_000, 200_000]) {
    const log: string[] = [];
    const clock = new ManualClock();
    await using client = createClient({
      clock,
      concurrency: 1,
      maxBodyBytes: 100,
      fetch: async (input, init) => {
        const url = String(input);
        if (!url.endsWith("/file")) {
          log.push("next");
          return Response.json(1);
        }
        log.push("sent");
        await new Promise<void>((resolve) => clock.setTimeout(resolve, 10));
        init!.signal!.addEventListener("abort", () => void log.push("stopped"));
        return endless(url, length, () => void log.push("stopped"));
      },
    });
    const file = watch(client.download("https://a.test/file", new WritableStream()));
    // The code of downloads loads at first use, which takes real time.
    while (!log.includes("sent")) await eventLoopTurn();
    const next = watch(client.json("https://a.test/next"));
    await clock.advance(1_000);
    assertInstanceOf(file.error, InvalidDataError);
    assertEquals([log, next.state], [["sent", "stopped", "next"], "fulfilled"], `${length} bytes`);
  }
});

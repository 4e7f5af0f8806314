import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { createClient } from "../../mod.ts";
import { serveHandler } from "../support/serve_handler.ts";
import { test } from "../support/test.ts";

test("a recipe: a large export line by line, until there is enough", async () => {
  let sent = 0;
  await using server = serveHandler(() => {
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(encoder.encode(`${JSON.stringify({ row: ++sent, ok: sent % 2 === 0 })}\n`));
        if (sent === 100_000) controller.close();
      },
    });
    return new Response(body, { headers: { "content-type": "application/x-ndjson" } });
  });
  await using client = createClient();
  const rows: number[] = [];
  const Row = v.object({ row: v.number(), ok: v.boolean() });
  for await (const { row, ok } of client.lines(`${server.url}/export`, { schema: Row })) {
    if (ok) rows.push(row);
    if (rows.length === 5) break;
  }
  assertEquals(rows, [2, 4, 6, 8, 10]);
  assertEquals(client.stats().inFlight, 0);
});

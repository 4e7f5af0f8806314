import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { createClient } from "../../mod.ts";
import { serveHandler } from "../support/serve_handler.ts";
import { test } from "../support/test.ts";

const Lap = v.object({ driver: v.string(), lap: v.number() });

test("a recipe: a live feed that goes on after a break where it was", async () => {
  const laps = Array.from({ length: 6 }, (_, index) => ({ driver: "VER", lap: index + 1 }));
  const connections: (string | null)[] = [];
  await using server = serveHandler((request) => {
    const last = request.headers.get("last-event-id");
    connections.push(last);
    // Each connection sends two events and ends; the last one answers 204, which means that there are no more events.
    const from = Number(last ?? 0);
    if (from === laps.length) return new Response(null, { status: 204 });
    const text = laps.slice(from, from + 2).map((lap) => `id: ${lap.lap}\ndata: ${JSON.stringify(lap)}\n\n`);
    return new Response(`retry: 1\n\n${text.join("")}`, { headers: { "content-type": "text/event-stream" } });
  });
  await using client = createClient({ baseUrls: server.url, random: () => 0 });
  const seen: number[] = [];
  for await (const { data } of client.events("live", { schema: Lap })) seen.push(data.lap);
  assertEquals(seen, [1, 2, 3, 4, 5, 6]);
  assertEquals(connections, [null, "2", "4", "6"]);
});

test("a recipe: the tokens of a language model, asked for by POST", async () => {
  await using server = serveHandler(async (request) => {
    const { prompt } = await request.json();
    const tokens = [`You said`, ` ${prompt}`].map((token) => `data: ${JSON.stringify({ token })}\n\n`);
    return new Response(`${tokens.join("")}data: [DONE]\n\n`, {
      headers: { "content-type": "text/event-stream" },
    });
  });
  await using client = createClient();
  const request = { url: `${server.url}/v1/completions`, json: { prompt: "hello", stream: true } };
  let text = "";
  for await (
    const { data } of client.events(request, { schema: v.object({ token: v.string() }), doneData: "[DONE]" })
  ) {
    text += data.token;
  }
  assertEquals(text, "You said hello");
});

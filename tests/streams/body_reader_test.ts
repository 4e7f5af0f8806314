import { assertEquals } from "@std/assert";
import type { OpenOptions } from "../../src/policies/opener.ts";
import { BodyReader } from "../../src/streams/body_reader.ts";
import { rejection } from "../support/settled.ts";
import { test } from "../support/test.ts";
import { chunkedBody } from "./chunked.ts";

test("BodyReader.next() returns the chunks of the response that it has opened", async () => {
  const asked: (OpenOptions | undefined)[] = [];
  const reader = new BodyReader((options) => {
    asked.push(options);
    return Promise.resolve(chunkedBody(["a", "b"]).response);
  });
  assertEquals(await reader.next(), undefined);
  const { status } = await reader.open({ headers: { accept: "text/plain" } });
  const chunks = [await reader.next(), await reader.next(), await reader.next(), await reader.next()];
  assertEquals([status, asked[0]?.headers], [200, { accept: "text/plain" }]);
  assertEquals(chunks, [new Uint8Array([97]), new Uint8Array([98]), undefined, undefined]);
});

test("BodyReader.next() returns nothing for a response without a body", async () => {
  const reader = new BodyReader(() => Promise.resolve(new Response(null, { status: 204 })));
  await reader.open();
  assertEquals(await reader.next(), undefined);
});

test("BodyReader.close() aborts the response that it has opened, or is opening", async () => {
  const reader = new BodyReader(({ signal } = {}) =>
    new Promise((_resolve, reject) => signal!.addEventListener("abort", () => reject(signal!.reason)))
  );
  const opening = rejection(reader.open());
  reader.close();
  assertEquals((await opening as Error).name, "AbortError");
});

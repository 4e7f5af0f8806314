import { assertEquals, assertStrictEquals } from "@std/assert";
import { bunRuntime } from "../../src/runtime/bun.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { commaList } from "../../src/primitives/comma_list.ts";
import { serveHandler } from "../support/serve_handler.ts";
import { runtime, test } from "../support/test.ts";

test("currentRuntime is the one that the tests run on", () => {
  assertEquals(currentRuntime.name, runtime);
  assertStrictEquals(currentRuntime, runtime === "bun" ? bunRuntime : denoRuntime);
});

test("currentRuntime reads the environment of the process", () => {
  assertEquals(typeof currentRuntime.env("PATH"), "string");
  assertEquals(currentRuntime.env("SLIPSTREAM_NO_SUCH_VARIABLE"), undefined);
});

test("currentRuntime.decodes() says what the runtime's fetch decodes", async () => {
  const plain = "[1,2]";
  const packed = async (bytes: Uint8Array<ArrayBuffer>, format: CompressionFormat) => {
    const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream(format));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };
  const bytes = new TextEncoder().encode(plain);
  const gzip = await packed(bytes, "gzip");
  const brotli = new Uint8Array([11, 2, 128, 91, 49, 44, 50, 93, 3]);
  const zstd = new Uint8Array([40, 181, 47, 253, 32, 5, 41, 0, 0, 91, 49, 44, 50, 93]);
  const bodies: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
    "gzip": gzip,
    "x-gzip": gzip,
    "deflate": await packed(bytes, "deflate"),
    "br": brotli,
    "zstd": zstd,
    "x-unknown": gzip,
    "gzip, identity": gzip,
    "identity, gzip": gzip,
    "gzip, gzip": await packed(gzip, "gzip"),
    "br, gzip": await packed(brotli, "gzip"),
  };
  const codings = Object.keys(bodies);
  await using server = serveHandler((request) => {
    const coding = codings[Number(new URL(request.url).searchParams.get("n"))]!;
    return new Response(bodies[coding], { headers: { "content-encoding": coding } });
  });
  for (const [index, coding] of codings.entries()) {
    const response = await fetch(`${server.url}/?n=${index}`);
    const isDecoded = await response.text() === plain;
    assertEquals([coding, currentRuntime.decodes(commaList(coding))], [coding, isDecoded]);
  }
});

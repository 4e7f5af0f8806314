import { assertEquals } from "@std/assert";
import { ByteReader } from "../../src/http/byte_reader.ts";
import { test } from "../support/test.ts";

test("ByteReader reads into buffers, of the caller or of its own, where a stream supports that, and chunks otherwise", async () => {
  for (const type of ["bytes", undefined]) {
    for (const readsInto of [true, false]) {
      const source = {
        type,
        start: (own: ReadableStreamDefaultController) => own.enqueue(Uint8Array.of(1, 2)),
      };
      const reader = new ByteReader(new ReadableStream(source as UnderlyingDefaultSource), readsInto);
      const room = new Uint8Array(1);
      const first = await reader.read(room);
      const isInto = type === "bytes" && readsInto;
      assertEquals([first.value, room.length], [Uint8Array.from(isInto ? [1] : [1, 2]), isInto ? 0 : 1]);
      if (isInto) assertEquals((await reader.read()).value, Uint8Array.of(2));
    }
  }
});

test("ByteReader returns chunks that hold no more memory than they need where the caller gives no buffer", async () => {
  let first = 0;
  const source: UnderlyingByteSource = {
    type: "bytes",
    pull(controller) {
      if (first < 3) return controller.enqueue(Uint8Array.of(first, ++first));
      controller.close();
      controller.byobRequest?.respond(0);
    },
  };
  const reader = new ByteReader(new ReadableStream(source), true);
  const chunks: Uint8Array[] = [];
  for (let next = await reader.read(); !next.done; next = await reader.read()) chunks.push(next.value);
  assertEquals(chunks.map((chunk) => [...chunk]), [[0, 1], [1, 2], [2, 3]]);
  for (const { buffer, length } of chunks) assertEquals(buffer.byteLength, length);
});

test("ByteReader.cancel() cancels the stream", async () => {
  for (const readsInto of [true, false]) {
    const reasons: unknown[] = [];
    const stream = new ReadableStream({ type: "bytes", cancel: (reason) => void reasons.push(reason) });
    await new ByteReader(stream, readsInto).cancel("enough");
    assertEquals(reasons, ["enough"]);
  }
});

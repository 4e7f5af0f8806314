import { assertEquals, assertRejects } from "@std/assert";
import { StreamOutput } from "../../../src/runtime/terminal/stream_output.ts";
import { test } from "../../support/test.ts";

function setUp(
  writeAll: (text: string) => Promise<void>,
  columns: () => number | undefined = () => undefined,
) {
  return new StreamOutput({
    isTerminal: true,
    columns,
    writeAll: (bytes) => writeAll(new TextDecoder().decode(bytes)),
    isClosed: (error) => error === "closed",
  });
}

test("StreamOutput.write() writes in the order of the calls, one at a time", async () => {
  const log: string[] = [];
  const output = setUp(async (text) => {
    log.push(`begin ${text}`);
    await Promise.resolve();
    log.push(`end ${text}`);
  });
  const results = await Promise.all([output.write("a"), output.write(new TextEncoder().encode("é"))]);
  assertEquals([results, log], [[true, true], ["begin a", "end a", "begin é", "end é"]]);
});

test("StreamOutput.write() keeps quiet once the reader has gone", async () => {
  let calls = 0;
  const output = setUp(() => {
    calls++;
    return Promise.reject("closed");
  });
  assertEquals([await output.write("a"), await output.write("b"), calls], [false, false, 1]);
});

test("StreamOutput.write() throws for other failures, and writes nothing behind what may be torn", async () => {
  const tried: string[] = [];
  const output = setUp((text) => {
    tried.push(text);
    return text === "b" ? Promise.reject(new Error("disk full")) : Promise.resolve();
  });
  const writes = await Promise.allSettled([output.write("a"), output.write("b"), output.write("c")]);
  assertEquals(writes.map(({ status }) => status), ["fulfilled", "rejected", "rejected"]);
  await assertRejects(() => output.write("d"), Error, "disk full");
  assertEquals(tried, ["a", "b"]);
});

test("StreamOutput.columns() is 80 when nobody knows", () => {
  const write = () => Promise.resolve();
  const unknown = [() => undefined, () => 0, () => {
    throw new Error("no terminal");
  }];
  assertEquals(unknown.map((columns) => setUp(write, columns).columns()), [80, 80, 80]);
  assertEquals(setUp(write, () => 132).columns(), 132);
});

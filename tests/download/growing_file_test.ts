import { assertEquals, assertStrictEquals } from "@std/assert";
import type { DownloadSink } from "../../src/download/download_sink.ts";
import { GrowingFile } from "../../src/download/growing_file.ts";
import { Interruption } from "../../src/streams/interruption.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { microtasks } from "../support/microtasks.ts";
import { gate, rejection, watch } from "../support/settled.ts";
import { test } from "../support/test.ts";

const VERSION = { etag: '"a"', totalBytes: 5 };

/** Creates a file whose digest is right if it has the bytes 1 to 5; its sink has the first `earlier` of them. */
function setUp({ earlier = 0, ...changes }: Partial<DownloadSink> & { readonly earlier?: number } = {}) {
  const controller = new AbortController();
  const log: unknown[] = [];
  const sink: DownloadSink & { position: number } = {
    position: earlier,
    path: "/file",
    begin(version) {
      this.position = 0;
      log.push(["begin", version]);
      return Promise.resolve(true);
    },
    goOn: () => Promise.resolve(void log.push("goOn")),
    async *readBack() {
      for (let byte = 1; byte <= earlier; byte++) yield await Promise.resolve(Uint8Array.of(byte));
    },
    write(chunk) {
      this.position += chunk.length;
      return undefined;
    },
    finish: () => Promise.resolve(void log.push("finish")),
    abandon: () => Promise.resolve(),
    ...changes,
    earlier: earlier === 0 ? undefined : VERSION,
  };
  const closings = { closing: undefined, add() {}, delete() {} };
  const context = { clock: new ManualClock(), random: () => 0, closings };
  const begin = () => {
    const bytes: number[] = [];
    return { update: (chunk: Uint8Array) => void bytes.push(...chunk), digest: () => bytes.join("") };
  };
  const file = new GrowingFile({
    sink,
    digest: { hex: "12345", begin },
    interruption: new Interruption(context, [controller.signal]),
  });
  return { file, log, controller };
}

test("GrowingFile takes a version from its first byte on, and checks the digest of all bytes", async () => {
  for (const [last, wrong] of [[5, undefined], [6, "has the digest 12346, not 12345"]] as const) {
    const { file, log } = setUp();
    assertEquals([file.version, file.isResumable], [undefined, false]);
    assertEquals(await file.begin(VERSION), true);
    file.take(Uint8Array.of(1, 2, 3));
    assertEquals([file.position, file.totalBytes, file.isResumable], [3, 5, true]);
    file.take(Uint8Array.of(4, last));

    assertEquals(file.checkDigest(), wrong);
    await file.finish();
    assertEquals(log, [["begin", VERSION], "finish"]);
  }
});

test("GrowingFile.goOn() resumes an earlier part once, whose bytes count in the digest", async () => {
  const { file, log } = setUp({ earlier: 3 });
  assertEquals([file.version, file.position, file.resumedFrom], [VERSION, 3, 0]);
  await file.goOn();
  file.take(Uint8Array.of(4));
  await file.goOn();
  file.take(Uint8Array.of(5));

  assertEquals([file.resumedFrom, file.checkDigest(), log], [3, undefined, ["goOn"]]);
});

test("GrowingFile.begin() forgets an earlier part, unless its sink can't begin anew", async () => {
  const next = { etag: '"b"', totalBytes: 5 };
  const { file } = setUp({ earlier: 3 });
  await file.begin(next);
  assertEquals([file.version, file.position, file.resumedFrom], [next, 0, 0]);

  const { file: refused } = setUp({ earlier: 3, begin: () => Promise.resolve(false) });
  assertEquals([await refused.begin(next), refused.version], [false, VERSION]);
});

test("GrowingFile.giveUp() forgets the version of a file, but can't take back what is in a stream", async () => {
  for (const path of ["/file", undefined]) {
    const { file } = setUp({ path });
    await file.begin(VERSION);
    const isFile = path !== undefined;
    assertEquals([file.giveUp(), file.version], [isFile, isFile ? undefined : VERSION]);
  }
});

test("GrowingFile interrupts the wait for a stream when a signal aborts, and waits for a file", async () => {
  const reason = new Error("enough");
  for (const path of ["/file", undefined]) {
    const written = gate();
    const { file, log, controller } = setUp({ path, write: () => written.promise });
    const room = watch(file.take(Uint8Array.of(1))!);
    controller.abort(reason);
    await microtasks(20);
    assertEquals(room, path === undefined ? { state: "rejected", error: reason } : { state: "pending" });

    written.open();
    await microtasks(20);
    assertEquals(room.state, path === undefined ? "rejected" : "fulfilled");
    assertStrictEquals(await rejection(file.finish()), reason);
    assertEquals(log, []);
  }
});

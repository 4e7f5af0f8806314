import { assertEquals } from "@std/assert";
import { Ledger } from "../../../src/cache/filesystem/ledger.ts";
import type { Files } from "../../../src/runtime/files/contract.ts";
import { currentFiles } from "../../../src/runtime/files/current.ts";
import { tempFolder } from "../../support/temp_folder.ts";
import { test } from "../../support/test.ts";

const ID = "00000000-0000-4000-8000-00000000000a";
const START_MS = 1_700_000_000_000;
const MINUTE_MS = 60_000;
/** About a hundredth of it has to be announced. */
const MAX_BYTES = 12_800;
const NOTHING = { writtenBytes: 0, removedBytes: 0, unfinishedBytes: 0 };

/** Creates ledgers in a new folder, over a file system that a test may break. */
async function setUp() {
  const folder = await tempFolder();
  const time = { now: START_MS };
  const broken: Partial<Files> = {};
  const files = new Proxy(currentFiles(), {
    get: (target, name: keyof Files) => broken[name] ?? target[name],
  });
  const root = `${folder.path}/v1`;
  const open = () => new Ledger({ files, root, maxBytes: MAX_BYTES, now: () => time.now });
  const names = async () =>
    (await folder.list()).filter((path) => path.startsWith("v1/ledger/") && !path.endsWith("/"));
  return { folder, time, broken, files, open, names };
}

/** Announces and finishes a write of this many bytes. */
async function write(ledger: Ledger, bytes: number): Promise<void> {
  await ledger.announce(bytes);
  ledger.begin(bytes);
  await ledger.end(bytes);
}

test("Ledger creates nothing when it is read, swept or cleared", async () => {
  const { folder, open } = await setUp();
  await using _ = folder;
  const ledger = open();
  assertEquals([await ledger.open(), await ledger.news()], [NOTHING, NOTHING]);
  await ledger.sweep();
  await ledger.clear();
  assertEquals(await folder.list(), []);
});

test("Ledger.news() reports what others have written and removed since the last look, and nothing of its own", async () => {
  const { folder, open, names } = await setUp();
  await using _ = folder;
  const [first, second] = [open(), open()];
  await write(first, 1_000);
  assertEquals((await second.open()).writtenBytes, 1_000);
  await write(first, 500);
  await write(first, 200);
  first.remove(300);
  await first.announce();
  assertEquals(await second.news(), { writtenBytes: 700, removedBytes: 300, unfinishedBytes: 0 });
  assertEquals([await second.news(), await first.news()], [NOTHING, NOTHING]);
  await write(second, 400);
  assertEquals([(await first.news()).writtenBytes, (await names()).length], [400, 2]);
});

test("Ledger.news() reports writes of others that are under way, as long as they may be", async () => {
  const { folder, time, open } = await setUp();
  await using _ = folder;
  const [first, second] = [open(), open()];
  await second.open();
  await first.announce(1_000);
  first.begin(1_000);
  assertEquals(await second.news(), { writtenBytes: 1_000, removedBytes: 0, unfinishedBytes: 1_000 });
  assertEquals((await second.news()).unfinishedBytes, 1_000);
  time.now += 2_000;
  assertEquals((await second.news()).unfinishedBytes, 0);
  await first.end(1_000);
  assertEquals(await second.news(), NOTHING);
});

test("Ledger.news() reports no large write as under way after its end, also if that comes soon", async () => {
  const { folder, open } = await setUp();
  await using _ = folder;
  const [first, second] = [open(), open()];
  await second.open();
  await first.announce(1_000);
  first.begin(1_000);
  assertEquals((await second.news()).unfinishedBytes, 1_000);
  await first.end(1_000);
  assertEquals(await second.news(), NOTHING);
});

test("Ledger.open() reports the present writes of others, and no write of a killed process", async () => {
  const { folder, time, open } = await setUp();
  await using _ = folder;
  const killed = open();
  await killed.announce(1_000);
  time.now += 2_000;
  await open().announce(500);
  assertEquals((await open().open()).unfinishedBytes, 500);
});

test("Ledger.open() reports a large write that a process announces soon after another announcement", async () => {
  const { folder, time, open } = await setUp();
  await using _ = folder;
  const other = open();
  await write(other, 1_000);
  time.now += 2_000;
  await other.announce(500);
  assertEquals((await open().open()).unfinishedBytes, 500);
});

test("Ledger.isDue() asks for an announcement after a small share of the bound, in writes or removals", async () => {
  const { folder, open } = await setUp();
  await using _ = folder;
  const ledger = open();
  assertEquals([ledger.isDue(99), ledger.isDue(100)], [false, true]);
  await write(ledger, 60);
  assertEquals([ledger.isDue(99), ledger.isDue(100)], [false, true]);
  ledger.remove(60);
  assertEquals([ledger.isDue(39), ledger.isDue(40)], [false, true]);
  await ledger.announce();
  assertEquals(ledger.isDue(99), false);
});

test("Ledger.isDue() asks more often the more processes there are", async () => {
  const { folder, open } = await setUp();
  await using _ = folder;
  for (let count = 0; count < 15; count++) await write(open(), 1);
  const ledger = open();
  await ledger.open();
  assertEquals([ledger.isDue(49), ledger.isDue(50)], [false, true]);
});

test("Ledger.isDue() does not count processes that have ended", async () => {
  const { folder, broken, open } = await setUp();
  await using _ = folder;
  for (let count = 0; count < 15; count++) await write(open(), 1);
  const ledger = open();
  await ledger.open();
  broken.list = () => Promise.resolve([]);
  for (let list = 0; list < 20; list++) await ledger.news();
  assertEquals([ledger.isDue(99), ledger.isDue(100)], [false, true]);
});

test("Ledger.announce() starts anew when its file is gone, so that nothing counts twice or is lost", async () => {
  const { folder, open, names } = await setUp();
  await using _ = folder;
  const [first, second] = [open(), open()];
  await second.open();
  await write(first, 1_000);
  first.remove(200);
  await first.announce();
  assertEquals(await second.news(), { writtenBytes: 1_000, removedBytes: 200, unfinishedBytes: 0 });
  await second.clear();
  await write(first, 300);
  first.remove(50);
  await first.announce();
  assertEquals(await second.news(), { writtenBytes: 300, removedBytes: 50, unfinishedBytes: 0 });
  assertEquals((await names()).length, 1);
});

test("Ledger.announce() counts what was not announced before its file was gone, and no write that came to nothing", async () => {
  const { folder, open } = await setUp();
  await using _ = folder;
  const [first, second] = [open(), open()];
  await second.open();
  await write(first, 1_000);
  await second.news();
  first.begin(70);
  await first.end(70);
  await second.clear();
  await first.announce();
  assertEquals(await second.news(), { writtenBytes: 70, removedBytes: 0, unfinishedBytes: 0 });
  await first.announce(500);
  await second.news();
  await second.clear();
  first.remove(20);
  await first.announce();
  assertEquals(await second.news(), { writtenBytes: 0, removedBytes: 20, unfinishedBytes: 0 });
});

test("Ledger.announce() counts no bytes for a file that replaces a larger one", async () => {
  const { folder, open } = await setUp();
  await using _ = folder;
  const [first, second] = [open(), open()];
  await second.open();
  first.remove(200);
  await first.announce(-100);
  assertEquals(await second.news(), { writtenBytes: 0, removedBytes: 200, unfinishedBytes: 0 });
});

test("Ledger.news() takes the later of two names of a file, and remembers a process that is missing in one list", async () => {
  const { folder, files, broken, open } = await setUp();
  await using _ = folder;
  const ledger = open();
  const found: string[] = [];
  broken.list = () => Promise.resolve(found);
  found.push(`${ID}-500-500-100`, `${ID}-300-300-100`);
  assertEquals(await ledger.news(), { writtenBytes: 500, removedBytes: 100, unfinishedBytes: 0 });
  const [kept] = found.splice(0);
  assertEquals(await ledger.news(), NOTHING);
  found.push(kept!);
  assertEquals([await ledger.news(), files.list === broken.list], [NOTHING, true]);
});

test("Ledger.sweep() removes the accounts of processes that have ended, and no files of the user", async () => {
  const { folder, files, time, open, names } = await setUp();
  await using _ = folder;
  await write(open(), 1_000);
  const alive = open();
  await write(alive, 1_000);
  await folder.write("v1/ledger/mine", "");
  await files.touch(`${folder.path}/v1/ledger/mine`, START_MS);
  await folder.link(`v1/ledger/${ID}-1-1-1`, `${folder.path}/v1`);
  for (let minute = 0; minute < 11; minute++) {
    time.now += MINUTE_MS;
    await write(alive, 10);
  }
  time.now += 5 * MINUTE_MS;
  await alive.sweep();
  assertEquals((await names()).map((name) => name.replace(/.*-(\d+)-\d+-\d+$/, "$1")).sort(), [
    "1",
    "1110",
    "v1/ledger/mine",
  ]);
});

test("Ledger.clear() removes all accounts and the folder, but no files of the user", async () => {
  const { folder, open } = await setUp();
  await using _ = folder;
  const ledger = open();
  await write(ledger, 1_000);
  await write(open(), 1_000);
  await ledger.clear();
  assertEquals(await folder.list(), ["v1/"]);
  await write(ledger, 1_000);
  await folder.write("v1/ledger/mine", "");
  await folder.folder(`v1/ledger/${ID}-1-1-1`);
  await ledger.clear();
  assertEquals(await folder.list(), ["v1/", "v1/ledger/", `v1/ledger/${ID}-1-1-1/`, "v1/ledger/mine"]);
});

test("Ledger follows no link in the place of its folder, or of the folder above", async () => {
  for (const [link, account] of [["v1/ledger", "elsewhere/"], ["v1", "elsewhere/ledger/"]] as const) {
    for (const hasAccount of [true, false]) {
      const { folder, open } = await setUp();
      await using _ = folder;
      await folder.folder("elsewhere");
      if (link !== "v1") await folder.folder("v1");
      if (hasAccount && link === "v1") await folder.folder("elsewhere/ledger");
      if (hasAccount) await folder.write(`${account}${ID}-1-1-1`, "");
      await folder.link(link, `${folder.path}/elsewhere`);
      const before = await folder.list();
      const ledger = open();
      await ledger.open();
      await write(ledger, 1_000);
      await ledger.sweep();
      await ledger.clear();
      assertEquals(await folder.list(), before);
    }
  }
});

for (
  const name of ["list", "rename", "create", "touch", "makeFolder", "info", "remove", "removeFolder"] as const
) {
  test(`Ledger rejects nothing when ${name}() fails, and goes on when it works again`, async () => {
    const { folder, broken, open } = await setUp();
    await using _ = folder;
    const [first, second] = [open(), open()];
    await second.open();
    if (name === "rename") await write(first, 1_000);
    const fail = () => Promise.reject(Object.assign(new Error("EIO"), { code: "EIO" }));
    Object.assign(broken, { [name]: fail });
    for (const ledger of [first, open()]) {
      await ledger.open();
      await write(ledger, 1_000);
      await ledger.news();
      await ledger.sweep();
    }
    const cleared = open();
    if (name === "info" || name === "remove" || name === "removeFolder") await cleared.clear();
    delete broken[name];
    await second.news();
    await write(first, 1_000);
    await write(first, 1_000);
    assertEquals((await second.news()).writtenBytes >= 1_000, true);
  });
}

import { assertEquals, assertThrows } from "@std/assert";
import { CdnRecorder, type OpenLogEntry } from "../../src/testing/cdn_log.ts";
import { test } from "../support/test.ts";

function entryAt(atMs: number, url = "/"): OpenLogEntry {
  return {
    mirror: "cdn",
    method: "GET",
    url,
    path: url,
    headers: {},
    body: "",
    atMs,
    nth: 1,
    latencyMs: 0,
    fault: undefined,
    status: undefined,
    bytesSent: 0,
    outcome: "open",
    endedAtMs: undefined,
  };
}

function end(log: CdnRecorder, entry: OpenLogEntry): void {
  entry.outcome = "complete";
  log.ended(entry);
}

function answer(log: CdnRecorder, entry: OpenLogEntry, status: number): void {
  entry.status = status;
  log.answered(status);
}

test("CdnRecorder counts open requests and open bodies, now and at most", () => {
  const log = new CdnRecorder("full");
  const entries = [1, 2, 3].map((ms) => entryAt(ms));
  entries.forEach((entry) => log.arrived(entry));
  answer(log, entries[0]!, 200);
  answer(log, entries[1]!, 503);
  end(log, entries[0]!);
  end(log, entries[1]!);
  answer(log, entries[2]!, 200);

  assertEquals([log.requests, log.openRequests, log.peakOpenRequests], [3, 1, 3]);
  assertEquals([log.openBodies, log.peakOpenBodies], [1, 2]);
  assertEquals([...log.statuses], [[200, 2], [503, 1]]);
  assertEquals([log.outcomes.open, log.outcomes.complete], [1, 2]);
});

test("CdnRecorder does not count a request without headers as a body", () => {
  const log = new CdnRecorder("full");
  const entry = entryAt(0);
  log.arrived(entry);
  end(log, entry);

  assertEquals([log.openBodies, log.peakOpenBodies, log.openRequests], [0, 0, 0]);
});

test("CdnLog.perSecond and peakWithin() give the rate of requests", () => {
  const log = new CdnRecorder("full");
  [0, 900, 999, 1_000, 1_800, 5_000].forEach((ms) => log.arrived(entryAt(ms)));

  assertEquals([...log.perSecond], [[0, 3], [1, 2], [5, 1]]);
  assertEquals(log.peakWithin(1_000), 4);
  assertEquals(log.peakWithin(101), 3);
  assertEquals(log.peakWithin(100), 2);
  assertEquals(log.peakWithin(1), 1);
  assertThrows(() => log.peakWithin(0), RangeError, "'windowMs' must be a positive number: received 0");
});

test("CdnLog.countByUrl() counts by path and query", () => {
  const log = new CdnRecorder("full");
  ["/a", "/a?x", "/a"].forEach((url) => log.arrived(entryAt(0, url)));

  assertEquals([...log.countByUrl()], [["/a", 2], ["/a?x", 1]]);
});

test("CdnLog with counts only keeps no request, and says so", () => {
  const log = new CdnRecorder("counts");
  log.arrived(entryAt(0));

  assertEquals(log.requests, 1);
  assertThrows(() => log.entries, TypeError, "keeps counts alone");
  assertThrows(() => log.countByUrl(), TypeError, "keeps counts alone");
  assertThrows(() => log.peakWithin(1), TypeError, "keeps counts alone");
});

test("CdnRecorder.reset() forgets ended requests, and keeps counting open ones", () => {
  const log = new CdnRecorder("full");
  const ended = entryAt(0);
  const open = entryAt(0);
  [ended, open].forEach((entry) => {
    log.arrived(entry);
    answer(log, entry, 200);
  });
  end(log, ended);
  log.bytesSent += 100;
  log.connected();
  log.connected();
  log.disconnected();
  log.reset();

  assertEquals([log.requests, log.entries.length, log.statuses.size, log.bytesSent], [0, 0, 0, 0]);
  assertEquals([log.openRequests, log.peakOpenRequests, log.openBodies, log.peakOpenBodies], [1, 1, 1, 1]);
  assertEquals([log.sockets, log.openSockets], [1, 1]);
  end(log, open);
  log.disconnected();
  assertEquals([log.openRequests, log.openBodies, log.openSockets, log.outcomes.open], [0, 0, 0, 0]);
});

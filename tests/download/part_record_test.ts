import { assertEquals } from "@std/assert";
import { formatPartRecord, parsePartRecord, type PartRecord } from "../../src/download/part_record.ts";
import { test } from "../support/test.ts";

const RECORD: PartRecord = {
  fileId: "1:2:3",
  source: "abc",
  version: { etag: '"v"', lastModified: undefined, mediaType: "text/csv", totalBytes: 5 },
  processId: 7,
};

test("parsePartRecord() reads what formatPartRecord() wrote", () => {
  assertEquals(parsePartRecord(formatPartRecord(RECORD)), RECORD);
});

test("parsePartRecord() takes nothing that was torn, at any byte, or is not its own", () => {
  const text = formatPartRecord(RECORD).trimEnd();
  for (let end = 0; end < text.length; end++) assertEquals(parsePartRecord(text.slice(0, end)), undefined);
  for (const other of [undefined, "null", "[]", "5", "{}", text.replace("-part-1", "-part-2")]) {
    assertEquals(parsePartRecord(other), undefined);
  }
});

test("parsePartRecord() takes nothing that could not have been received", () => {
  const bad: unknown[] = [
    { ...RECORD, version: { ...RECORD.version, etag: '"a"\r\nx: y' } },
    { ...RECORD, version: { ...RECORD.version, etag: 5 } },
    { ...RECORD, version: { ...RECORD.version, lastModified: "a\r\nx: y" } },
    { ...RECORD, version: { ...RECORD.version, totalBytes: -1 } },
    { ...RECORD, version: { ...RECORD.version, totalBytes: "5" } },
    { ...RECORD, version: { ...RECORD.version, mediaType: 5 } },
    { ...RECORD, version: null },
    { ...RECORD, processId: "7" },
    { ...RECORD, fileId: 5 },
  ];
  for (const record of bad) assertEquals(parsePartRecord(formatPartRecord(record as PartRecord)), undefined);
});

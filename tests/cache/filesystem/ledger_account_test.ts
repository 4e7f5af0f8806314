import { assertEquals } from "@std/assert";
import {
  accountName,
  laterAccount,
  newAccount,
  parseAccountName,
} from "../../../src/cache/filesystem/ledger_account.ts";

import { isEntryName, isTempName } from "../../../src/cache/filesystem/entry_name.ts";
import { test } from "../../support/test.ts";

const ID = "00000000-0000-4000-8000-00000000000a";

test("parseAccountName() reads what accountName() writes", () => {
  for (const [begunBytes, doneBytes, removedBytes] of [[0, 0, 0], [1, 2, 3], [1e14, 99, 5]] as const) {
    const account = { id: ID, begunBytes, doneBytes, removedBytes };
    assertEquals(parseAccountName(accountName(account)), account);
  }
  const account = newAccount();
  assertEquals(parseAccountName(accountName(account)), account);
});

test("parseAccountName() accepts no other name", () => {
  const names = [
    "",
    ID,
    `${ID}-1`,
    `${ID}-1-2`,
    `${ID}-1-2-3-4`,
    `${ID}-1-2--3`,
    `${ID}-1-2-1.5`,
    `${ID}-1-2-0x1`,
  ];
  const others = [`x${ID}-1-2-3`, `${ID.toUpperCase()}-1-2-3`, `${ID}-1-2-1234567890123456`, `${ID}-1.tmp`];
  for (const name of [...names, ...others]) assertEquals(parseAccountName(name), undefined, name);
});

test("accountName() is neither the name of an entry nor that of a temporary file", () => {
  const name = accountName({ id: ID, begunBytes: 1, doneBytes: 2, removedBytes: 3 });
  assertEquals([isEntryName(name), isTempName(name)], [false, false]);
});

test("laterAccount() takes the larger of each number", () => {
  const first = { id: ID, begunBytes: 1, doneBytes: 5, removedBytes: 3 };
  const second = { id: ID, begunBytes: 4, doneBytes: 2, removedBytes: 6 };
  const later = { id: ID, begunBytes: 4, doneBytes: 5, removedBytes: 6 };
  assertEquals([laterAccount(first, second), laterAccount(second, first), laterAccount(first)], [
    later,
    later,
    first,
  ]);
});

import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { UsageError } from "../../src/cli/args.ts";
import { driverCodes } from "../../src/cli/f1_drivers.ts";
import { rejection } from "../support/settled.ts";
import { test } from "../support/test.ts";

const DRIVERS = [{ driver: "VER", team: "A", dn: "1", ln: "Verstappen" }, {
  driver: "NOR",
  team: "B",
  dn: "4",
}];

function setUp() {
  const asked: unknown[] = [];
  const drivers = (options: unknown) => {
    asked.push(options);
    return Promise.resolve(DRIVERS);
  };
  return { session: { drivers }, asked };
}

test("driverCodes() looks up names that are no codes, and returns each driver once", async () => {
  const { session, asked } = setUp();
  const options = { readCache: false };
  assertEquals(await driverCodes(session, ["verstappen", "nor", "1", "XXX"], options), ["VER", "NOR", "XXX"]);
  assertEquals(asked, [options]);
  assertEquals(await driverCodes(session, [], options), []);
  assertEquals(await driverCodes(session, ["ver", "XXX"], options), ["VER", "XXX"]);
  assertEquals(asked.length, 1);
});

test("driverCodes() reports wrong usage for an unknown name, and passes on any other failure", async () => {
  const { session } = setUp();
  await assertRejects(() => driverCodes(session, ["verstapen"], {}), UsageError, "did you mean 'VER'?");
  const error = new Error("no network");
  const down = { drivers: () => Promise.reject(error) };
  assertStrictEquals(await rejection(driverCodes(down, ["verstappen"], {})), error);
});

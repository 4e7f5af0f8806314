import { assertEquals, assertStrictEquals } from "@std/assert";
import type { Call } from "../../src/policies/call.ts";
import { compose } from "../../src/policies/compose.ts";
import type { Handler, Policy } from "../../src/policies/policy.ts";
import { Reply } from "../../src/policies/reply.ts";
import { test } from "../support/test.ts";

const reply = new Reply({ status: 200, headers: new Headers(), url: "" }, { from: "network" });

test("compose() lets a call pass the policies outermost first, and back", async () => {
  const log: string[] = [];
  const policy = (name: string): Policy => {
    return (next) => {
      log.push(`made ${name}`);
      return async (call) => {
        log.push(`to ${name}`);
        const result = await next(call);
        log.push(`from ${name}`);
        return result;
      };
    };
  };
  const last: Handler = () => Promise.resolve(reply);
  const handle = compose([policy("a"), undefined, policy("b")], last);
  assertEquals(log.splice(0).sort(), ["made a", "made b"]);
  assertStrictEquals(await handle({} as Call), reply);
  await handle({} as Call);
  const once = ["to a", "to b", "from b", "from a"];
  assertEquals(log, [...once, ...once]);
});

test("compose() gives the last handler itself when there are no policies", () => {
  const last: Handler = () => Promise.resolve(reply);
  assertStrictEquals(compose([], last), last);
  assertStrictEquals(compose([undefined, undefined], last), last);
});

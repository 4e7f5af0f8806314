import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { HttpError, NetworkError } from "../../src/errors.ts";
import type { Mirror } from "../../src/policies/mirror.ts";
import {
  discardAllBut,
  endRound,
  keep,
  type MirrorEnding,
  noteAttempts,
} from "../../src/policies/mirror_endings.ts";
import { type OpenBody, Reply } from "../../src/policies/reply.ts";
import { test } from "../support/test.ts";
import { fakeCall, fakeLane, fakeTarget } from "./fake_call.ts";

/**
 * Creates endings of mirrors, each a reply with an open body or an error, and records the bodies that are discarded.
 */
function setUp() {
  const discarded: string[] = [];
  const mirrorOf = (name: string): Mirror => ({
    base: `https://${name}.test`,
    lane: fakeLane(`https://${name}.test`),
    headers: {},
    sensitive: new Set(),
  });
  const targetOf = (name: string) => fakeTarget({ url: `https://${name}.test/x?token=secret` });
  const replied = (name: string, status: number, retryAfterMs?: number): MirrorEnding => {
    const target = targetOf(name);
    const openBody = { discard: () => void discarded.push(name) } as unknown as OpenBody;
    const head = { status, headers: new Headers(), url: target.url };
    const reply = new Reply(head, { from: "network", openBody, target });
    reply.retryAfterMs = retryAfterMs;
    return { mirror: mirrorOf(name), target, reply };
  };
  const failed = (name: string, cause?: unknown): MirrorEnding => ({
    mirror: mirrorOf(name),
    target: targetOf(name),
    error: new NetworkError(`no way to ${name}`, { cause }),
  });
  return { discarded, replied, failed };
}

test("keep() keeps the ending that a retry may improve, and discards the other's body", () => {
  const { discarded, replied, failed } = setUp();
  const call = fakeCall();
  const [gone, down] = [replied("gone", 404), replied("down", 503)];
  assertStrictEquals(keep(call, undefined, gone), gone);
  assertStrictEquals(keep(call, gone, down), down);
  assertStrictEquals(keep(call, down, replied("forbidden", 403)), down);
  assertEquals(discarded, ["gone", "forbidden"]);
  const unreachable = failed("unreachable");
  assertStrictEquals(keep(call, replied("missing", 404), unreachable), unreachable);
});

test("keep() keeps the ending with the shorter wait, and of equals the latest", () => {
  const { replied } = setUp();
  const call = fakeCall();
  const [soon, late, same] = [replied("a", 503, 100), replied("b", 503, 900), replied("c", 503, 100)];
  assertStrictEquals(keep(call, soon, late), soon);
  assertStrictEquals(keep(call, late, soon), soon);
  assertStrictEquals(keep(call, soon, same), same);
});

test("keep() keeps the latest response for a caller that reads it", () => {
  const { replied, discarded } = setUp();
  const call = fakeCall({ streams: true });
  const latest = replied("latest", 404);
  assertStrictEquals(keep(call, replied("first", 503), latest), latest);
  assertEquals(discarded, ["first"]);
});

test("discardAllBut() discards the bodies of all endings but one, or of all", () => {
  const { discarded, replied, failed } = setUp();
  const all = [replied("a", 503), failed("b"), replied("c", 503)];
  discardAllBut(all[2], all);
  assertEquals(discarded, ["a"]);
  discardAllBut(undefined, all);
  assertEquals(discarded, ["a", "a", "c"]);
});

test("endRound() returns the reply, with the failures of the other mirrors, and none of their secrets", () => {
  const { replied, failed } = setUp();
  const call = fakeCall();
  const [down, unreachable] = [replied("down", 503), failed("unreachable", new Error("refused"))];
  const reply = endRound(call, down, [down, unreachable]);
  assertStrictEquals(reply, down.reply);
  assertEquals(reply.failures?.told, [
    { url: "https://down.test/x?token=***", failure: "status 503" },
    { url: "https://unreachable.test/x?token=***", failure: "no way to unreachable" },
  ]);
  assertEquals(reply.failures?.cause.errors, [unreachable.error]);
  assertEquals(endRound(call, down, [down]).failures, undefined);
});

test("endRound() throws the error, with the attempts at all mirrors and the failures of the others", () => {
  const { replied, failed } = setUp();
  const call = fakeCall();
  call.attempts = 2;
  const behind = new Error("refused");
  const [down, unreachable] = [replied("down", 503), failed("unreachable", behind)];
  const error = assertThrows(() => endRound(call, unreachable, [down, unreachable]), NetworkError);
  assertStrictEquals(error, unreachable.error);
  assertEquals([error.attempts, (error.context?.mirrors as unknown[]).length], [2, 2]);
  const { errors } = error.cause as AggregateError;
  assertInstanceOf(errors[0], HttpError);
  assertStrictEquals(errors[1], behind);
});

test("noteAttempts() updates the attempts of the module's own errors, and leaves other errors alone", () => {
  const call = fakeCall();
  const { error } = setUp().failed("down");
  call.attempts = 3;
  noteAttempts(call, error);
  assertEquals((error as NetworkError).attempts, 3);
  const foreign = Object.freeze(new Error("theirs"));
  noteAttempts(call, foreign);
  assertEquals(Object.keys(foreign), []);
});

test("endRound() throws an error that is not the module's as it is", () => {
  const { failed } = setUp();
  const [odd, other] = [{ ...failed("odd"), error: "odd" }, failed("other")];
  let caught: unknown;
  try {
    endRound(fakeCall(), odd, [odd, other]);
  } catch (error) {
    caught = error;
  }
  assertEquals(caught, "odd");
});

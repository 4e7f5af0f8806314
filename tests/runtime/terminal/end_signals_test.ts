import { assertEquals } from "@std/assert";
import type { EndSignal } from "../../../src/runtime/terminal/contract.ts";
import { onEndSignals } from "../../../src/runtime/terminal/end_signals.ts";
import { test } from "../../support/test.ts";

test("onEndSignals() tells which signal came, and stops listening when it is disposed", () => {
  const listening = new Map<EndSignal, () => void>();
  const heard: EndSignal[] = [];
  {
    using _listener = onEndSignals(
      (signal) => heard.push(signal),
      (signal, listener) => listening.set(signal, listener),
      (signal, listener) => listening.get(signal) === listener && listening.delete(signal),
    );
    assertEquals([...listening.keys()], ["SIGINT", "SIGTERM"]);
    listening.get("SIGTERM")?.();
    listening.get("SIGINT")?.();
  }
  assertEquals([heard, listening.size], [["SIGTERM", "SIGINT"], 0]);
});

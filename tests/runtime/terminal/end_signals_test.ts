import { assertEquals } from "@std/assert";
import type { EndSignal } from "../../../src/runtime/terminal/contract.ts";
import { ignoresHangup, onEndSignals } from "../../../src/runtime/terminal/end_signals.ts";
import { test } from "../../support/test.ts";

for (
  const { ignored, heard } of [
    { ignored: undefined, heard: ["SIGTERM", "SIGINT", "SIGINT"] },
    { ignored: true, heard: ["SIGTERM", "SIGINT", "SIGINT"] },
    // The system and the shell both send a signal when a terminal is closed.
    { ignored: false, heard: ["SIGHUP", "SIGTERM", "SIGINT", "SIGINT"] },
  ]
) {
  test(`onEndSignals() reports which signal came, and stops listening when it is disposed: SIGHUP ignored: ${ignored}`, () => {
    const listening = new Map<EndSignal, () => void>();
    const told: EndSignal[] = [];
    {
      using _listener = onEndSignals((signal) => told.push(signal), {
        add: (signal, listener) => listening.set(signal, listener),
        remove: (signal, listener) => listening.get(signal) === listener && listening.delete(signal),
        ignoresHangup: ignored,
      });
      // A signal is ignored by means of a listener.
      assertEquals(listening.has("SIGHUP"), ignored !== undefined);
      for (const signal of ["SIGHUP", "SIGHUP", "SIGTERM", "SIGINT", "SIGINT"] as const) {
        listening.get(signal)?.();
      }
    }
    assertEquals([told, listening.size], [heard, 0]);
  });
}

function statusWith(mask: string): string {
  return `Name:\tdeno\nSigBlk:\t0000000000000001\nSigIgn:\t${mask}\nSigCgt:\t0000000000000443\n`;
}

test("ignoresHangup() reads the mask of the ignored signals", () => {
  for (
    const [digit, ignores] of [["0", false], ["1", true], ["6", false], ["7", true], ["f", true]] as const
  ) {
    assertEquals(ignoresHangup(() => statusWith(`000000000000100${digit}`)), ignores, digit);
  }
});

test("ignoresHangup() is undefined without a mask, or without a file", () => {
  assertEquals(ignoresHangup(() => undefined), undefined);
  assertEquals(ignoresHangup(() => "Name:\tdeno\n"), undefined);
  const throwing = () => {
    throw new Error("No such file");
  };
  assertEquals(ignoresHangup(throwing), undefined);
});

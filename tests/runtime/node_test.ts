import { assertEquals } from "@std/assert";
import { nodeProcess, nodeRuntime } from "../../src/runtime/node.ts";
import { asIn, NODE_22, NODE_GLOBALS, testElsewhere } from "../support/globals.ts";
import { test } from "../support/test.ts";

testElsewhere("nodeRuntime.env() reads the environment on Node, and finds nothing elsewhere", async () => {
  assertEquals([nodeRuntime.name, nodeRuntime.env("PATH")], ["node", undefined]);
  await asIn(NODE_GLOBALS, () => {
    assertEquals([nodeRuntime.env("SOME"), nodeRuntime.env("OTHER")], ["value", undefined]);
  });
});

test("nodeRuntime.isOutOfDescriptors() asks the cause for its code", () => {
  const failure = (code?: string) => new TypeError("fetch failed", { cause: code && { code } });
  assertEquals(
    [failure("EMFILE"), failure("ENFILE"), failure("ECONNREFUSED"), failure(), undefined, null, "text"]
      .map(nodeRuntime.isOutOfDescriptors),
    [true, true, false, false, false, false, false],
  );
});

testElsewhere(
  "nodeRuntime.decodes() knows every coding, and Zstandard if Node's HTTP client does",
  async () => {
    const { decodes } = nodeRuntime;
    assertEquals(
      [["gzip"], ["x-gzip"], ["br", "deflate"], [], ["identity"], ["gzip", "identity"]].map(decodes),
      [true, true, true, false, false, false],
    );
    const versions = [[undefined, false], ["6.28.1", false], ["7.8.0", false], ["7.11.0", true], [
      "8.0.0",
      true,
    ]];
    for (const [undici, isKnown] of versions) {
      const process = { ...NODE_22, versions: { ...NODE_22.versions, undici } };
      await asIn({ ...NODE_GLOBALS, process }, () => assertEquals(decodes(["zstd"]), isKnown));
    }
  },
);

test("nodeProcess() finds nothing on the runtimes that imitate Node", () => {
  assertEquals(nodeProcess(), undefined);
});

testElsewhere("nodeProcess() is the process of Node, with and without a navigator", async () => {
  await asIn(NODE_GLOBALS, () => assertEquals(nodeProcess(), NODE_22));
  await asIn({ ...NODE_GLOBALS, navigator: undefined }, () => assertEquals(nodeProcess(), NODE_22));
});

testElsewhere("nodeProcess() finds nothing in a worker at the edge that imitates Node", async () => {
  const globals = { ...NODE_GLOBALS, navigator: { userAgent: "Cloudflare-Workers" } };
  await asIn(globals, () => assertEquals(nodeProcess(), undefined));
});

testElsewhere(
  "nodeProcess() finds nothing in a browser, with or without what a bundler puts in for `process`",
  async () => {
    for (const process of [undefined, {}, { env: {} }, { env: {}, versions: {} }]) {
      await asIn({ ...NODE_GLOBALS, process }, () => assertEquals(nodeProcess(), undefined));
    }
  },
);

testElsewhere("nodeProcess() finds nothing in Electron, whose pages fetch as browsers do", async () => {
  const process = { ...NODE_22, versions: { node: "22.23.3", electron: "40.0.0" } };
  await asIn({ ...NODE_GLOBALS, process }, () => assertEquals(nodeProcess(), undefined));
});

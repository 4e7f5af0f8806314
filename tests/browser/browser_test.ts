import { assert, assertEquals } from "@std/assert";
import * as esbuild from "esbuild";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { runCommand } from "../support/command.ts";
import { serveSite, type Site } from "../support/site.ts";
import { TOUR } from "../support/tour.ts";
import type { Scenes } from "./page.ts";

const { chromium, tarball }: { readonly chromium: string; readonly tarball: string } = JSON.parse(
  Deno.env.get("SLIPSTREAM_BROWSER") ??
    raise("Cannot run these tests by themselves: use 'deno task test:browser'"),
);
/** The subpaths of the package that have no use in a browser. */
const NOT_IN_BROWSERS: ReadonlySet<string> = new Set(["./cli"]);
const HTML = `<!doctype html><meta charset="utf-8"><title>Slipstream</title><link rel="icon" href="data:,">
<style>body { font: 13px monospace; columns: 2; } .wrong { color: red; } td { padding: 1px 6px; }</style>
<script type="module" src="/page.js"></script>`;

/**
 * A page that simulates Safari before 26.4: it has no byte streams, and no symbols for `using`. A bundler has compiled the
 * `using` declarations themselves.
 */
const OLD_HTML = HTML.replace(
  '<script type="module" src="/page.js"></script>',
  `<script>
    delete globalThis.ReadableByteStreamController;
    globalThis.ReadableStream = new Proxy(ReadableStream, {
      construct(target, args) {
        if (args[0]?.type === "bytes") throw new TypeError("ReadableByteStreamController is not implemented");
        return new target(...args);
      },
    });
    const symbols = Object.getOwnPropertyDescriptors(Symbol);
    delete symbols.dispose;
    delete symbols.asyncDispose;
    globalThis.Symbol = Object.defineProperties(() => {}, symbols);
  </script><script type="module" src="/old.js"></script>`,
);

const output = await Deno.makeTempFile({ suffix: ".js" });
const { success, output: said } = await runCommand(
  Deno.execPath(),
  ["bundle", "--quiet", "--platform", "browser", "--output", output, "tests/browser/page.ts"],
  { quiet: true },
);
if (!success) throw new Error(said);
const SCRIPT = await Deno.readTextFile(output);
await Deno.remove(output);
const { code: OLD_SCRIPT } = await esbuild.transform(SCRIPT, { target: "es2022" });
await esbuild.stop();

/** Registers a test that runs in a page. The console may only get messages that match `noise`. */
function testPage(
  name: string,
  body: (page: Page, site: Site, other: Site) => Promise<void>,
  noise: RegExp = /^$/,
): void {
  Deno.test({
    name: `in Chromium: ${name}`,
    sanitizeOps: false, // the library that controls the browser leaves operations behind
    sanitizeResources: false,
    async fn() {
      const files = {
        "/": { type: "text/html", text: HTML },
        "/page.js": { type: "text/javascript", text: SCRIPT },
        "/old": { type: "text/html", text: OLD_HTML },
        "/old.js": { type: "text/javascript", text: OLD_SCRIPT },
      };
      await using site = serveSite({ files });
      await using other = serveSite();
      await using browser = await launch();
      const page = await browser.browser.newPage();
      const heard: string[] = [];
      page.on("console", (message) => heard.push(message.text()));
      page.on("pageerror", (error) => heard.push(String(error)));
      await page.goto(`${site.url}/`);
      await page.waitForFunction("'scenes' in globalThis");
      await body(page, site, other);
      assertEquals(heard.filter((text) => !noise.test(text)), []);
    },
  });
}

async function launch(): Promise<AsyncDisposable & { readonly browser: Browser }> {
  const args = ["--no-sandbox", "--no-proxy-server", "--disable-dev-shm-usage"];
  const browser = await puppeteer.launch({
    executablePath: chromium.includes("/") ? chromium : await which(chromium),
    args,
  });
  return { browser, [Symbol.asyncDispose]: () => browser.close() };
}

async function which(program: string): Promise<string> {
  const { output } = await runCommand("sh", ["-c", `command -v ${program}`], { quiet: true });
  return output.trim();
}

/** Plays a scene of the page, and returns its result. */
function play<Name extends keyof Scenes>(
  page: Page,
  name: Name,
  ...args: Parameters<Scenes[Name]>
): Promise<unknown> {
  return page.evaluate(
    (name, args) =>
      (globalThis as unknown as { scenes: Record<string, (...args: unknown[]) => unknown> }).scenes[name]!(
        ...args,
      ),
    name,
    args,
  );
}

/** Matches the console messages that Chromium itself writes for failed requests. */
const FAILED_LOAD =
  /^Failed to load resource: (?:the server responded with a status of (?:404|429|503)|net::ERR_)/;

testPage("the tour, at another origin that allows it", async (page, _site, other) => {
  assertEquals(await play(page, "tour", other.url), TOUR);
  const wrong = await page.$$(".wrong");
  assertEquals(wrong.length, 0);
  const picture = Deno.env.get("SLIPSTREAM_SCREENSHOT");
  if (picture !== undefined) await Deno.writeFile(picture, await page.screenshot({ fullPage: true }));
}, FAILED_LOAD);

testPage("a batch of 1,000", async (page, site) => {
  assertEquals(await play(page, "batch"), [1_000, 1_000, 0]);
  assertEquals(site.countOf("/api/item/999"), 1);
});

testPage("relative URLs, and base URLs of the page's own origin", async (page) => {
  assertEquals(await play(page, "baseUrls"), ["/api/item/1", "/api/item/2", "/api/item/3", "/item/4"]);
});

testPage("redirects, which browsers hide", async (page, site) => {
  const found = await play(page, "hiddenRedirects");
  const refused =
    `1 attempt: GET ${site.url}/redirect?refused failed: Cannot follow a redirect as 'redirect' is 'error'`;
  assertEquals(found, [true, "/echo", ["PUT", "hello", ""], "NetworkError", "opaqueredirect", refused]);
}, FAILED_LOAD);

testPage("requests with bodies of all kinds", async (page) => {
  const found = ["blob", "a=1", '{"a":1}', 2_000_000, true, "stream", 2_000_000, "piped"];
  assertEquals(await play(page, "bodies"), found);
});

testPage("what is of another frame", async (page) => {
  assertEquals(await play(page, "otherRealm"), ["a=1", "blob", "bytes", "buffer", true, "mine"]);
});

testPage("client.fetch in the place of the global one", async (page) => {
  assertEquals(await play(page, "globalFetch"), "/item/global");
});

testPage("progress", async (page) => {
  assertEquals(await play(page, "progress"), [true, true, true]);
});

testPage("the cache of the web, kept from one page to the next", async (page, site) => {
  assertEquals(await play(page, "webCache"), ["network", "cache"]);
  await page.reload();
  await page.waitForFunction("'scenes' in globalThis");
  assertEquals(await play(page, "webCache"), ["cache", "cache"]);
  assertEquals(site.countOf("/cached/web"), 1);
});

testPage("what is stale is replaced by what is new, not by what the browser has kept", async (page, site) => {
  assertEquals(await play(page, "replaced"), [1, 1, 2]);
  assertEquals(site.countOf("/stale/page"), 2);
});

testPage("what is stale, at another origin that allows no headers", async (page, _site, other) => {
  // The browser's own cache validates its response and gets a 304, except for "reload", which loads the response again.
  assertEquals(await play(page, "validated", other.url), [1, 1, 1, 4, 4]);
  assertEquals(other.countOf("/simple/page"), 4);
});

testPage("events of another origin that allows no headers", async (page, _site, other) => {
  assertEquals(await play(page, "subscribed", other.url), ["one", "two"]);
});

testPage("a transport, which has the page's own URLs", async (page) => {
  assertEquals(await play(page, "transport"), ["/item/own", 1, "TransportClosedError"]);
});

testPage("a clock of tests, which waits for bodies", async (page) => {
  assertEquals(await play(page, "manualClock"), Array.from({ length: 6 }, () => [2, true]).flat());
});

testPage("bodies that nobody reads", async (page) => {
  assertEquals(await play(page, "unread"), "none waited for another");
});

testPage("a server that is not there", async (page) => {
  assertEquals(await play(page, "offline", "http://127.0.0.1:1/"), "NetworkError");
}, FAILED_LOAD);

testPage("a browser that has less", async (page, site, other) => {
  await page.goto(`${site.url}/old`);
  await page.waitForFunction("'scenes' in globalThis");
  assertEquals(await play(page, "tour", other.url), TOUR);
  assertEquals(await play(page, "unread"), "none waited for another");
  assertEquals(await play(page, "baseUrls"), ["/api/item/1", "/api/item/2", "/api/item/3", "/item/4"]);
  assertEquals(await play(page, "transport"), ["/item/own", 1, "TransportClosedError"]);
}, FAILED_LOAD);

Deno.test({
  name: "a bundler for browsers resolves every subpath of the package, without a warning",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "slipstream-bundle-" });
    try {
      const target = `${folder}/node_modules/@slipstream/fetch`;
      await Deno.mkdir(target, { recursive: true });
      assert((await runCommand("tar", ["-xzf", tarball, "-C", target, "--strip-components=1"])).success);
      // The package's dependencies come from `nodePaths` below, not from the package.
      const { exports }: { readonly exports: Readonly<Record<string, unknown>> } = JSON.parse(
        await Deno.readTextFile(`${target}/package.json`),
      );
      const subpaths = Object.keys(exports).filter((subpath) => !NOT_IN_BROWSERS.has(subpath));
      const sizes: Record<string, number> = {};
      for (const subpath of subpaths) {
        const { errors, warnings, outputFiles } = await esbuild.build({
          stdin: { contents: `export * from "@slipstream/fetch${subpath.slice(1)}";`, resolveDir: folder },
          nodePaths: [await Deno.realPath("tests/browser/node_modules")],
          bundle: true,
          minify: true,
          format: "esm",
          platform: "browser",
          logLevel: "silent",
          write: false,
        });
        assertEquals([errors, warnings], [[], []], subpath);
        sizes[subpath] = outputFiles[0]!.contents.length;
      }
      assertEquals(Object.keys(sizes), subpaths);
    } finally {
      await esbuild.stop();
      await Deno.remove(folder, { recursive: true });
    }
  },
});

function raise(message: string): never {
  throw new Error(message);
}

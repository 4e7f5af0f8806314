import { assertEquals, assertThrows } from "@std/assert";
import { NO_HEADERS, sensitiveNames } from "../../src/http/headers.ts";
import type { PreparedRequest } from "../../src/http/request.ts";
import {
  aliasesOf,
  hasCredentials,
  resourceUrl,
  variesByMirror,
} from "../../src/http_cache/request_identity.ts";
import type { CacheContext } from "../../src/policies/cache_plan.ts";
import type { Call } from "../../src/policies/call.ts";
import type { Mirror } from "../../src/policies/mirror.ts";
import { fakeCall, fakeLane } from "../policies/fake_call.ts";
import { test } from "../support/test.ts";

const SENSITIVE: ReadonlySet<string> = new Set(["authorization", "x-api-key"]);

function around(parts: Partial<CacheContext> = {}): CacheContext {
  return { offline: false, headers: NO_HEADERS, sensitive: SENSITIVE, mirrors: [], ...parts };
}

function mirror(base: string, headers: Record<string, string> = {}, sensitive = SENSITIVE): Mirror {
  return { lane: fakeLane(new URL(base).origin), base, headers, sensitive };
}

function callOf(request: Partial<PreparedRequest> = {}): Call {
  return fakeCall({ request: { url: "https://a.test/x", ...request } });
}

test("hasCredentials() is true for a request with a sensitive header, of its own or of the client", () => {
  const key = { "x-api-key": "k" };
  // Another virtual host gives other answers under the same URL.
  const context = around({ sensitive: sensitiveNames([]) });
  assertEquals(hasCredentials(callOf({ headers: { host: "virtual.test" } }), context), true);
  assertEquals(hasCredentials(callOf(), around()), false);
  assertEquals(hasCredentials(callOf({ headers: { accept: "*/*" } }), around()), false);
  assertEquals(hasCredentials(callOf({ headers: key }), around()), true);
  assertEquals(hasCredentials(callOf(), around({ headers: key })), true);
});

test("hasCredentials() goes by the name of a header, whatever the client calls sensitive", () => {
  const names = [
    "apikey",
    "private-token",
    "x-goog-api-key",
    "x-amz-security-token",
    "x-vault-token",
    "ocp-apim-subscription-key",
    "x-csrf-token",
    "x-session-id",
    "x-client-secret",
    "x-password",
    "x-hub-signature-256",
    "x-auth-user",
    "authentication",
    "x-authorization",
    "x-bearer",
    "cookie2",
    "x-credential",
    "x-csrf",
    "x-jwt-assertion",
    "x-passwd",
    "x-passphrase",
    "x-ms-client-principal",
    "x-otp",
    "x-totp",
    "x-hub-sig",
    "x-shopify-hmac-sha256",
    "x-amzn-oidc-data",
    "x-wsse",
    "x-sas",
    "sid",
    "dpop",
  ];
  const context = around({ sensitive: new Set() });
  for (const name of names) {
    assertEquals(hasCredentials(callOf({ headers: { [name]: "v" } }), context), true, name);
    assertEquals(
      hasCredentials(callOf(), around({ sensitive: new Set(), headers: { [name]: "v" } })),
      true,
      name,
    );
    const mirrors = [mirror("https://a.test", { [name]: "v" }, new Set())];
    assertEquals(hasCredentials(callOf({ absolute: false, url: "x" }), around({ mirrors })), true, name);
  }
  const harmless = [
    "x-compass",
    "x-spin",
    "x-design",
    "x-inside",
    "x-atlas",
    "accept",
    "accept-language",
    "user-agent",
    "range",
    "x-request-id",
    "referer",
    "origin",
  ];
  for (const name of harmless) {
    assertEquals(hasCredentials(callOf({ headers: { [name]: "v" } }), context), false, name);
  }
});

test("hasCredentials() is true for a relative request if any mirror has credentials, and not for an absolute one", () => {
  const own = mirror("https://b.test", { "x-own": "k" }, new Set(["x-own"]));
  const context = around({ mirrors: [mirror("https://a.test"), own] });
  const relative = callOf({ absolute: false, url: "x" });
  assertEquals([hasCredentials(relative, context), hasCredentials(callOf(), context)], [
    true,
    false,
  ]);
  // The same header is no credential unless the mirror names it.
  const harmless = around({ mirrors: [mirror("https://b.test", { "x-own": "k" })] });
  assertEquals(hasCredentials(relative, harmless), false);
});

test("resourceUrl() is the URL at the first mirror, whichever serves it, or the request's own if that is absolute", () => {
  const context = around({ mirrors: [mirror("https://a.test/base"), mirror("https://b.test")] });
  const relative = callOf({ absolute: false, url: "x?q=1" });
  assertEquals(resourceUrl(relative, context), "https://a.test/base/x?q=1");
  assertEquals(resourceUrl(callOf({ url: "https://c.test/y" }), context), "https://c.test/y");
  assertEquals(resourceUrl(callOf({ url: "HTTPS://C.test:443/y" }), context), "https://c.test/y");
  assertThrows(() => resourceUrl(relative, around()), TypeError);
});

test("variesByMirror() is true for relative requests, if Vary names a header that differs between mirrors", () => {
  const headers = { accept: "text/csv" };
  const mirrors = [mirror("https://a.test", headers), mirror("https://b.test", { ...headers, "x-own": "1" })];
  const context = around({ headers, mirrors });
  const relative = callOf({ absolute: false, url: "x" });
  assertEquals(variesByMirror(relative, ["x-own"], context), true);
  assertEquals(variesByMirror(relative, ["accept", "x-own"], context), true);
  assertEquals(variesByMirror(relative, ["accept"], context), false);
  assertEquals(variesByMirror(relative, [], context), false);
  assertEquals(variesByMirror(callOf(), ["x-own"], context), false);
});

test("aliasesOf() returns a resource's URLs at all mirrors, and for any other URL only itself", () => {
  const own = (path: string): string => {
    if (path === "bad") throw new Error("no such path");
    return `v2/${path}`;
  };
  const mirrors = [
    mirror("https://a.test/x"),
    { ...mirror("https://b.test/"), path: own },
    mirror("https://c.test/z/"),
  ];
  const names = [
    "https://a.test/x/laps?q=%C3%BC",
    "https://b.test/v2/laps?q=%C3%BC",
    "https://c.test/z/laps?q=%C3%BC",
  ];
  assertEquals(aliasesOf("https://a.test/x/laps?q=ü#part", mirrors).toSorted(), names);
  assertEquals(aliasesOf("https://c.test/z/laps?q=%C3%BC", mirrors).toSorted(), names);
  // A layout can't be inverted, so that its URLs have no aliases.
  for (const other of [names[1]!, "https://a.test/laps", "https://a.test/xyz", "https://d.test/"]) {
    assertEquals(aliasesOf(other, mirrors), [other]);
  }
  assertEquals(aliasesOf("https://c.test/z/bad", mirrors), ["https://c.test/z/bad", "https://a.test/x/bad"]);
  assertEquals(aliasesOf("https://A.test:443/x#y", []), ["https://a.test/x"]);
});

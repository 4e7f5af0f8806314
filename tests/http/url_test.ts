import { assert, assertEquals, assertFalse, assertStringIncludes, assertThrows } from "@std/assert";
import {
  isAbsoluteUrl,
  isPlainUrl,
  isUrl,
  joinUrl,
  OriginIndex,
  parseHttpUrl,
  redactUrl,
  redactUserInfo,
  resolveUrl,
  shownUrl,
  splitUserInfo,
  withoutLead,
} from "../../src/http/url.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";

const SECRET = "hunter2";

/** Returns the messages of an error and of its causes. */
function messagesOf(error: unknown): string {
  const messages: string[] = [];
  for (let current = error; current instanceof Error; current = current.cause) messages.push(current.message);
  return messages.join("\n");
}

/** Inserts tabs and line breaks, which URL parsers remove; `kept` stays whole. */
function withNoise(text: string, kept: string, random: () => number): string {
  const noisy = (part: string): string =>
    [...part].map((char) => random() < 0.3 ? `${"\t\n\r"[Math.floor(random() * 3)]}${char}` : char).join("");
  return text.split(kept).map(noisy).join(kept);
}

test("isAbsoluteUrl() asks for a scheme and nothing else", () => {
  for (const url of ["https://a/b", "HTTP://A", "file:///etc/passwd", "data:,x", "blob:x", "a+b-c.1:x"]) {
    assert(isAbsoluteUrl(url), url);
  }
  for (const url of ["", "/a", "//host/a", "a/b:c", "?q=https://h", "#a:b", "2025:race", ":a", "é:a"]) {
    assertFalse(isAbsoluteUrl(url), url);
  }
});

test("resolveUrl() resolves relative URLs alone, and leaves a malformed one to a later check", () => {
  const base = "https://a.test/b/c?d";
  assertEquals([resolveUrl("x", base), resolveUrl("//h/x", base)], ["https://a.test/b/x", "https://h/x"]);
  for (const url of ["https://h", "data:x", `//us:${SECRET}@[`]) assertEquals(resolveUrl(url, base), url);
  assertEquals(resolveUrl("x", undefined), "x");
});

test("OriginIndex.originOf() agrees with the URL parser, whatever URLs came before", () => {
  const authorities = [
    ...["https://a.example", "https://A.Example", "https://a.example:443", "https://a.example:8443"],
    ...["http://a.example", "http://a.example:80", "http://[::1]", "http://[::1]:8080", "HTTPS://a.example"],
    ...["http://1", "http://0x7f.1", "https://user:p%40ss@a.example", "https://b@c@d.example"],
    ...[
      "https://exa\tmple.com",
      "ht\ntps://b.example",
      "https:b.example",
      "https:/b.example",
      " https://b.example",
    ],
    ...["https:///c.example", "https:///d.example", "http:////c.example", "http:////d.example"],
    ...["https:\\\\e.example", "https://\\f.example", "https://\\g.example", "http://\t/h.example"],
    ...["http://\t/i.example", "https://münchen.example", "https://b.example.", "http://x"],
  ];
  const rests = ["", "/", "/a@b/c", "?a@b", "#a@b", "\\a@b", "/2025@main/x.json", "/\\?#", "/%", "/a:b@c"];
  const index = new OriginIndex();
  const wrong: string[] = [];
  for (let round = 0; round < 2; round++) {
    for (const authority of authorities) {
      for (const rest of rests) {
        const url = authority + rest;
        const expected = new URL(url).origin;
        const actual = index.originOf(url);
        if (actual !== expected) wrong.push(`${JSON.stringify(url)} gave ${actual}, not ${expected}`);
      }
    }
  }
  assertEquals([...new Set(wrong)], []);
});

test("OriginIndex.originOf() gives the right origin for random soups of delimiters", () => {
  const random = seededRandom(11);
  const pieces = ["/", "\\", "@", ":", "?", "#", "\t", "\n", "a", "b.c", "80", "[::1]", "%41", "..", " "];
  const index = new OriginIndex();
  const wrong: string[] = [];
  for (let run = 0; run < 20_000; run++) {
    let url = random() < 0.5 ? "http:" : "https:";
    if (random() < 0.8) url += "//";
    const length = 1 + Math.floor(random() * 6);
    for (let piece = 0; piece < length; piece++) url += pieces[Math.floor(random() * pieces.length)]!;
    const expected = URL.canParse(url) ? new URL(url).origin : "malformed";
    let actual: string;
    try {
      actual = index.originOf(url);
    } catch {
      // A malformed URL throws.
      actual = "malformed";
    }
    if (actual !== expected) wrong.push(`${JSON.stringify(url)} gave ${actual}, not ${expected}`);
  }
  assertEquals(wrong.slice(0, 5), []);
});

test("OriginIndex.originOf() stays right after more hosts than it keeps", () => {
  const index = new OriginIndex();
  for (let host = 0; host < 3_000; host++) {
    assertEquals(index.originOf(`https://h${host}.example/x`), `https://h${host}.example`);
  }
  assertEquals(index.originOf("https://h0.example/y"), "https://h0.example");
  assertEquals([index.find("https://h0.example/z"), index.find("https://h1.example/")], [
    "https://h0.example",
    undefined,
  ]);
});

test("OriginIndex.originOf() throws a TypeError for a URL that can't be sent, every time", () => {
  const index = new OriginIndex();
  for (
    const url of ["https://", "https://a:99999/", "http://a b/", "http://[::1/", "https://%/", "", "a.json"]
  ) {
    for (let time = 0; time < 2; time++) {
      assertThrows(() => index.originOf(url), TypeError, "Cannot fetch as the URL is malformed", url);
    }
  }
  for (const url of ["file:///etc/passwd", "ftp://h/x", "data:,x", "javascript:alert(1)", "ws://h/"]) {
    assertThrows(() => index.originOf(url), TypeError, "scheme must be http or https", url);
  }
});

test("parseHttpUrl() says that a relative URL needs baseUrls, and not for an absolute one", () => {
  for (const url of ["a.json", "/a", "//h/a", "", "?a"]) {
    assertThrows(() => parseHttpUrl(url), TypeError, "a relative URL needs 'baseUrls'", url);
  }
  const error = assertThrows(() => parseHttpUrl("https://a:b/"), TypeError);
  assertFalse(error.message.includes("baseUrls"));
});

test("parseHttpUrl() shows at most the beginning of a long URL", () => {
  const error = assertThrows(() => parseHttpUrl(`ftp://h/${"x".repeat(100_000)}`), TypeError);
  assert(error.message.length < 400, `${error.message.length} characters`);
  assertStringIncludes(error.message, "ftp://h/xxx");
});

const REFUSED_WITH_SECRETS = [
  `https://user:${SECRET}@host:99999/`,
  `ftp://user:${SECRET}@host/`,
  `https://a b/?token=${SECRET}`,
  `ftp://host/?x=1&api_key=${SECRET}`,
  `//host/a.json?sig=${SECRET}`,
  `a.json?access_token=${SECRET}`,
];

test("S17: parseHttpUrl() shows no secret of a URL that it refuses", () => {
  const messages = REFUSED_WITH_SECRETS.map((url) =>
    assertThrows(() => parseHttpUrl(url), TypeError).message
  );
  assertEquals(messages.filter((message) => message.includes(SECRET)), []);
});

test("S17: parseHttpUrl() passes on no cause that quotes the secret of a URL that it refuses", () => {
  const leaks = REFUSED_WITH_SECRETS.filter((url) => {
    const { cause } = assertThrows(() => parseHttpUrl(url), TypeError);
    return JSON.stringify([messagesOf(cause), { ...cause as object }]).includes(SECRET);
  });
  assertEquals(leaks, []);
});

test("S17: parseHttpUrl() shows no user info in an unusual place", () => {
  const urls = [
    ...["/", "?", "#"].map((delimiter) => `https://user:${SECRET}${delimiter}x@host/`),
    `//user:${SECRET}@host/a.json`,
    ` ftp://user:${SECRET}@host/`,
  ];
  const messages = urls.map((url) => assertThrows(() => parseHttpUrl(url), TypeError).message);
  assertEquals(messages.filter((message) => message.includes(SECRET)), []);
});

test("isAbsoluteUrl() ignores tabs and line breaks that a parser removes from a scheme", () => {
  for (const url of ["ht\ttp://h/", "http\n://h/", "h\r\nttps\t:h"]) {
    assert(URL.canParse(url) && isAbsoluteUrl(url), url);
  }
  for (const url of ["ht tp://h/", "\t:a", "a/b\tc:d", "2\n025:race"]) {
    assertFalse(URL.canParse(url) || isAbsoluteUrl(url), url);
  }
});

test("isAbsoluteUrl() and withoutLead() ignore characters that a parser removes at the beginning", () => {
  for (const space of [" ", "\t", "\r\n", "\0 "]) {
    assert(isAbsoluteUrl(`${space}https://h/`));
    assertFalse(isAbsoluteUrl(`${space}a/b`));
    assertEquals(withoutLead(`${space}/a b`), "a b");
    assertEquals(joinUrl("https://h/b", `${space}a`), "https://h/b/a");
  }
});

test("joinUrl() appends to the base's path", () => {
  const base = "https://cdn.example/v1/data";
  assertEquals(joinUrl(base, "a/b.json"), `${base}/a/b.json`);
  assertEquals(joinUrl(base, "/a/b.json"), `${base}/a/b.json`);
  assertEquals(joinUrl(base, "//a/b.json"), `${base}/a/b.json`);
  assertEquals(joinUrl(base, ""), base);
  assertEquals(joinUrl(base, "?page=2"), `${base}?page=2`);
  assertEquals(joinUrl(base, "#top"), `${base}#top`);
  assertEquals(joinUrl(base, "2025@main/x.json"), `${base}/2025@main/x.json`);
});

test("joinUrl() never leaves the base's origin, whatever the relative URL", () => {
  const random = seededRandom(5);
  const pieces = [
    "/",
    "\\",
    "@",
    ":",
    "?",
    "#",
    "\t",
    "\n",
    "\r",
    " ",
    ".",
    "..",
    "evil.example",
    "%2f",
    "443",
  ];
  const relatives = [
    "//evil.example/x",
    "\\\\evil.example",
    "/\\evil.example",
    "@evil.example",
    ":443@evil.example",
  ];
  for (let run = 0; run < 20_000; run++) {
    const length = Math.floor(random() * 7);
    relatives.push(Array.from({ length }, () => pieces[Math.floor(random() * pieces.length)]!).join(""));
  }
  for (const base of ["https://cdn.example", "https://cdn.example/data"]) {
    for (const relative of relatives) {
      const { origin, username, password } = new URL(joinUrl(base, relative));
      assertEquals([origin, username, password], ["https://cdn.example", "", ""], JSON.stringify(relative));
    }
  }
});

test("redactUrl() replaces user info in any form that a URL parser accepts", () => {
  assertEquals(redactUrl("https://user:pass@host/a"), "https://***@host/a");
  assertEquals(redactUrl("https://user@host"), "https://***@host");
  assertEquals(redactUrl("https://a@b@host/"), "https://***@host/");
  assertEquals(redactUrl("https://u:p@[::1]:8080/"), "https://***@[::1]:8080/");
  for (const prefix of ["HTTPS://", "https:", "https:/", "https:\\\\", "https:/\\/", "ftp://"]) {
    const shown = redactUrl(`${prefix}user:${SECRET}@host/a`);
    assertFalse(shown.includes(SECRET), shown);
    assertStringIncludes(shown, "host/a");
  }
});

test("redactUrl() leaves an '@' behind the authority as it is", () => {
  for (
    const url of ["https://cdn.example/2025@main/x.json", "https://h?mail=a@b", "https://h\\a@b", "a@b/c"]
  ) {
    assertEquals(redactUrl(url), url);
  }
});

test("redactUrl() removes from the ends of a URL only what a parser ignores", () => {
  assertEquals(redactUrl("\0 !https://h/ a! \n"), "!https://h/ a!");
});

test("S17: redactUrl() shows no user info of a URL with white space that a URL parser ignores", () => {
  const random = seededRandom(23);
  const plain = `https://user:${SECRET}@host.example/a?x=1`;
  const leaks: string[] = [];
  for (const url of [` ${plain}`, `\t${plain}`, `\n${plain}`, `\u0000${plain}`]) {
    assertEquals(new URL(url).password, SECRET);
    if (redactUrl(url).includes(SECRET)) leaks.push(url);
  }
  for (let run = 0; run < 200; run++) {
    const url = withNoise(plain, SECRET, random);
    assertEquals(new URL(url).password, SECRET);
    if (redactUrl(url).includes(SECRET)) leaks.push(url);
  }
  assertEquals(leaks.slice(0, 4), []);
});

test("S17: redactUrl() shows no user info of a URL without a scheme", () => {
  assertFalse(redactUrl(`//user:${SECRET}@host/a.json`).includes(SECRET));
});

test("redactUrl() replaces the values of query parameters with sensitive names", () => {
  const names = [
    ...[
      "token",
      "access_token",
      "refresh-token",
      "id_token",
      "api_key",
      "apikey",
      "apiKey",
      "API_KEY",
      "key",
    ],
    ...["secret", "client_secret", "password", "passwd", "pwd", "auth", "authorization", "signature", "sig"],
    ...["X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "X-Goog-Signature", "jwt", "session"],
    ...["sessionid", "code", "app.key", "%74oken", "to%6ben"],
  ];
  const leaks = names.filter((name) => redactUrl(`https://h/a?x=1&${name}=${SECRET}&y=2`).includes(SECRET));
  assertEquals(leaks, []);
});

test("S17: redactUrl() recognizes sensitive names in camel case and in brackets", () => {
  const names = [
    "accessToken",
    "refreshToken",
    "clientSecret",
    "accessKey",
    "authToken",
    "user[password]",
    "token[]",
  ];
  const leaks = names.filter((name) => redactUrl(`https://h/a?${name}=${SECRET}`).includes(SECRET));
  assertEquals(leaks, []);
});

test("S17: redactUrl() recognizes names whose last word is sensitive, whatever precedes it", () => {
  const names = [
    ...["pass", "db_pass", "userPass", "passphrase", "keyPassphrase", "passcode", "otp", "otpCode", "smsOTP"],
    ...["bearer", "sas", "SASToken", "ticket", "loginTicket", "hmac", "x-hmac", "sig", "urlSig", "access"],
    ...["appid", "APPID", "AWSAccessKeyId", "access_key_id", "SAMLResponse", "saml_request"],
    ...["id_token_hint", "loginTokenHint", "code_verifier", "codeVerifier"],
    ...["passkey", "privatekey", "licensekey", "subscriptionkey", "signingKey2"],
    ...["shared_access", "accesstoken", "clientsecret", "userpassword", "sharedaccesssignature", "myapikey"],
    ...[
      "sid",
      "sessionId",
      "session_id",
      "PHPSESSID",
      "pin",
      "csrf",
      "token2",
      "key_1",
      "token[0]",
      "auth token",
    ],
  ];
  const leaks = names.filter((name) => redactUrl(`https://h/a?x=1&${name}=${SECRET}&y=2`).includes(SECRET));
  assertEquals(leaks, []);
});

test("redactUrl() does not take a word for sensitive that only ends like one", () => {
  for (
    const name of [
      ...[
        "compass",
        "monkey",
        "sortkey",
        "application",
        "myappid",
        "bypass",
        "overpass",
        "passenger",
        "passport",
        "spin",
        "pins",
        "author",
        "authors",
        "basic",
      ],
      ...[
        "ticketing",
        "tickets",
        "accessible",
        "accessories",
        "signal",
        "design",
        "sasha",
        "casas",
        "sorted",
      ],
      ...[
        "keys",
        "turkey",
        "zipcode",
        "encode",
        "residence",
        "sides",
        "hamac",
        "bearers",
        "location",
        "obsession",
      ],
    ]
  ) {
    assertEquals(redactUrl(`https://h/a?${name}=1`), `https://h/a?${name}=1`);
  }
});

test("S17: redactUrl() replaces the value of a sensitive name after a semicolon, and the rest", () => {
  assertEquals(redactUrl(`https://h/a?x=1;token=${SECRET};y=2&z=3`), "https://h/a?x=1;token=***&z=3");
  assertEquals(redactUrl(`https://h/a?sig=a;${SECRET}==&z=3`), "https://h/a?sig=***&z=3");
  assertEquals(redactUrl("https://h/a?x=1;y=2"), "https://h/a?x=1;y=2");
});

test("S17: redactUrl() replaces the values of parameters in the path", () => {
  assertEquals(redactUrl("https://h/a;jsessionid=1A2B/b;v=2?x=1"), "https://h/a;jsessionid=***/b;v=2?x=1");
  assertEquals(redactUrl("a;token=x;y=2"), "a;token=***");
  for (const url of ["https://h/a;b/c;v=1.2", "https://h/token=x", "https://h/;;=", "a;b?c"]) {
    assertEquals(redactUrl(url), url);
  }
});

test("S17: redactUrl() replaces the user info of a URL within a URL, escaped or not", () => {
  const inner = `https://user:${SECRET}@b.test/x`;
  for (
    const url of [
      `https://h/${inner}`,
      `https://h/?to=${inner}&x=1`,
      `https://h/?to=${encodeURIComponent(inner)}`,
    ]
  ) {
    const shown = redactUrl(url);
    assertFalse(shown.includes(SECRET), shown);
    assertStringIncludes(shown, "b.test");
  }
  for (
    const url of [
      "https://h/?to=https://b.test/x@y",
      "https://h/?to=https://b.test&mail=a@b",
      "https://h/?mail=a%40b.test&to=https%3A%2F%2Fb.test%2Fx%40y",
      "https://h/npm/pkg@1.2/https:/x@y",
    ]
  ) {
    assertEquals(redactUrl(url), url);
  }
});

test("S17: redactUrl() replaces the values of sensitive names of a URL within a URL, escaped or not", () => {
  for (
    const inner of [
      `https://b.test/x?token=${SECRET}`,
      `https://b.test/x?y=1&api_key=${SECRET}&z=2`,
      `https://b.test/x?y=1;sig=${SECRET}`,
      `https://b.test/x?user[token]=${SECRET}`,
    ]
  ) {
    for (
      const url of [
        `https://h/${inner}`,
        `https://h/?to=${inner}&x=1`,
        `https://h/?to=${encodeURIComponent(inner)}&x=1`,
        `https://h/?to=${encodeURIComponent(inner).toLowerCase()}&x=1`,
        `https://h/${encodeURIComponent(inner)}/laps`,
      ]
    ) {
      const shown = redactUrl(url);
      assertFalse(shown.toLowerCase().includes(SECRET.toLowerCase()), shown);
      assertStringIncludes(shown, "b.test");
    }
  }
  const callback = encodeURIComponent(`https://b.test/#access_token=${SECRET}`);
  assertEquals(
    redactUrl(`https://h/?to=${callback}&x=1`),
    "https://h/?to=https%3A%2F%2Fb.test%2F%23access_token%3D***&x=1",
  );
  for (
    const query of ["to=https%3A%2F%2Fb.test%2F%3Fpage%3D2%26a%3D1", "q=what?a=b", "q=%3F%26%23", "q=a%3Dkey"]
  ) {
    assertEquals(redactUrl(`https://h/a?${query}`), `https://h/a?${query}`);
  }
});

test("redactUserInfo() replaces user info and nothing else", () => {
  assertEquals(
    redactUserInfo("https://user:pw@h/a@b?token=1&x=2#f"),
    "https://***@h/a@b?token=1&x=2#f",
  );
  for (const url of ["https://h/a?token=1#f", "https://cdn.test/pkg@1/x", "a@b/c", "", "#a@b"]) {
    assertEquals(redactUserInfo(url), url);
  }
});

test("S17: shownUrl() shows no user info, also where the password makes the URL malformed", () => {
  const passwords = ["/", "?", "#", "\\", ":", "[", "]", "@", "%", " ", "|"].map((char) =>
    `${SECRET}${char}x`
  );
  const leaks = passwords.flatMap((password) =>
    ["https://", "http://", "ftp://", "//", "https:", "https:/"].map((start) =>
      `${start}user:${password}@cdn.example/`
    )
  ).filter((url) => shownUrl(url).includes(SECRET));
  assertEquals(leaks, []);
  assertEquals(shownUrl(`user.name@corp:${SECRET}@cdn.example/a`).includes(SECRET), false);
  for (const start of ["http//", "https/", "/", "https;//", "\\\\", "a/b/http//", "http//h/http//"]) {
    for (const password of [SECRET, `${SECRET}/x`, `x/${SECRET}`, `x@${SECRET}`, `x:${SECRET}`]) {
      assertFalse(shownUrl(`${start}user:${password}@cdn.example/a?b=1`).includes(SECRET), start + password);
    }
  }
});

test("shownUrl() shows a URL without secrets as it is, and at most its beginning", () => {
  for (
    const url of [
      "https://h/a?x=1",
      "2025@main/x.json",
      "npm/a@1.2/b:c.json",
      "npm/b:c.json?mail=a@b",
      "nonsense",
      "//h/y",
      "https://",
      "http://h:99999/",
      "",
    ]
  ) {
    assertEquals(shownUrl(url), url);
  }
  assertEquals(shownUrl(`https://h/${"x".repeat(500)}`).length, 201);
  assertFalse(shownUrl(`https://user:${"x".repeat(500)}@h/`).includes("x"));
});

test("redactUrl() keeps the rest of a query as it was written", () => {
  for (
    const query of ["page=2&limit=5", "monkey=1", "keyboard=a", "tokens=3", "a&b", "=x", "", "q=a=b", "%=1"]
  ) {
    assertEquals(redactUrl(`https://h/a?${query}`), `https://h/a?${query}`);
  }
  assertEquals(redactUrl("/a.json?token=x&page=2"), "/a.json?token=***&page=2");
  assertEquals(redactUrl("https://h/?key=a&key=b"), "https://h/?key=***&key=***");
  assertEquals(redactUrl("https://h/?token"), "https://h/?token");
  assertEquals(redactUrl("https://h/?%zz_token=x"), "https://h/?%zz_token=***");
});

test("redactUrl() omits the fragment, where browsers put tokens", () => {
  assertEquals(redactUrl(`https://h/a?b=1#access_token=${SECRET}`), "https://h/a?b=1");
  assertEquals(redactUrl(`#${SECRET}`), "");
});

test("S17: redactUrl() shows no query value whose sensitive name is split by a tab or line break", () => {
  const url = `https://h/a?to\tken=${SECRET}`;
  assertEquals(new URL(url).searchParams.get("token"), SECRET);
  assertFalse(redactUrl(url).includes(SECRET));
});

test("splitUserInfo() handles user info of any length", () => {
  const { authorization, url } = splitUserInfo(`https://${"u".repeat(300_000)}:p@a.test/x`) ?? {};
  assertEquals(url, "https://a.test/x");
  assertEquals(authorization?.length, "Basic ".length + Math.ceil(300_002 / 3) * 4);
});

test("redactUrl() and shownUrl() take linear time for hostile URLs", () => {
  const times = 100_000;
  for (
    const text of [
      "-",
      " ",
      ":",
      ";",
      "?",
      "%3f",
      "%3d",
      "%3a%2f%2f",
      "a://",
      "a:/",
      "@",
      "key",
      "key-",
      "x@y:",
    ]
  ) {
    for (const before of ["", "https://a.test/", "https://a.test/?", "0:"]) {
      for (const after of ["", "x=1", "@b.test"]) {
        const url = `${before}${text.repeat(times)}${after}`;
        assertEquals(redactUrl(url) !== "" || url.trim() === "", true);
        assertEquals(shownUrl(url).length <= 201, true);
      }
    }
  }
});

test("isPlainUrl() is true for URLs that the parser does not change, and for no others", () => {
  const origin = "https://a.test:81";
  for (
    const rest of [
      "/",
      "/a",
      "/a.json?x=1&y=a/b",
      "/.well-known/x",
      "/a..b/...",
      "/a/%20b?c=%7B",
      "/a,b;c=1/@x",
    ]
  ) {
    assertEquals(isPlainUrl(origin + rest, origin), true, rest);
    assertEquals(new URL(origin + rest).href, origin + rest);
  }
  const changed = [
    "",
    "?a",
    "/a b",
    "/ä",
    "/a#b",
    "/a\\b",
    "/../a",
    "/a/.",
    "/a/%2E%2e/b",
    "/a/..?x",
    "/a\tb",
    "/a'?b'",
  ];
  for (const rest of changed) assertEquals(isPlainUrl(origin + rest, origin), false, rest);
  assertEquals(isPlainUrl("HTTPS://a.test:81/a", origin), false);
  assertEquals(isPlainUrl("https://a.test:82/a", origin), false);
  assertEquals(isPlainUrl("https://a.test:810/a", origin), false);
});

test("isUrl() is true for strings and URLs", () => {
  assertEquals(["", "/x", new URL("https://a.test")].map(isUrl), [true, true, true]);
  assertEquals([5, null, undefined, {}, { href: "https://a.test" }].map(isUrl), [
    false,
    false,
    false,
    false,
    false,
  ]);
});

/**
 * Runs the tests of `tests/net`, which test transports against nginx, and counts them. It installs nginx and openssl from
 * Debian if they are missing, creates a certification authority, and starts nginx with HTTP/1.1 and HTTP/2 on 127.0.0.1.
 * Takes `--only` and `--filter` like `run.ts`.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { type Counts, printCounts } from "./counts.ts";
import { findProgram } from "./debian.ts";
import { runTests, type TestRunOptions } from "./run.ts";

const FOLDER = "tests/net";
/** A host name that only the resolver of the tests can resolve. */
const NAME = "only.net.test";

/** Runs the tests. A failed installation counts as one failure. */
export async function runNetTests(
  { only, filter }: Pick<TestRunOptions, "only" | "filter"> = {},
): Promise<Counts> {
  const nginx = await findProgram(["nginx", "/usr/sbin/nginx"], "-v", ["nginx-light"]);
  const openssl = await findProgram(["openssl"], "version", ["openssl"]);
  if (nginx === undefined || openssl === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const folder = await Deno.makeTempDir({ prefix: "slipstream-net-" });
  const ports = { http2: freePort(), http1: freePort(), status: freePort() };
  try {
    await makeCertificates(folder);
    await Deno.writeTextFile(`${folder}/nginx.conf`, configuration(folder, ports));
    await using _nginx = await startNginx(nginx, folder, ports.status);
    Deno.env.set("SLIPSTREAM_NET", JSON.stringify({ ...ports, name: NAME, ca: `${folder}/ca.pem` }));
    return await runTests({ only, filter, paths: [FOLDER], inTurn: true });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Returns a port that is free right now. */
function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

/** Creates a certification authority, and a certificate signed by it. */
async function makeCertificates(folder: string): Promise<void> {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await openssl(folder, [
    ...[
      "req",
      "-x509",
      ...key,
      "-days",
      "2",
      "-subj",
      "/CN=Slipstream",
      "-keyout",
      "ca.key",
      "-out",
      "ca.pem",
    ],
  ]);
  await openssl(folder, ["req", ...key, "-subj", `/CN=${NAME}`, "-keyout", "leaf.key", "-out", "leaf.csr"]);
  const names = `subjectAltName=DNS:${NAME},DNS:localhost\nbasicConstraints=CA:FALSE\n`;
  await Deno.writeTextFile(`${folder}/leaf.ext`, names);
  const authority = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "leaf.ext"];
  await openssl(folder, ["x509", "-req", "-in", "leaf.csr", ...authority, "-days", "2", "-out", "leaf.pem"]);
}

async function openssl(folder: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args: [...args], cwd: folder }).output();
  if (!success) throw new Error(`openssl ${args[0]} failed: ${new TextDecoder().decode(stderr)}`);
}

/** Returns the configuration of nginx. Each answer contains the number of its connection, its protocol and its host. */
function configuration(
  folder: string,
  { http2, http1, status }: Readonly<Record<"http2" | "http1" | "status", number>>,
): string {
  const server = (listen: string): string => `
  server {
    listen 127.0.0.1:${listen};
    ssl_certificate ${folder}/leaf.pem;
    ssl_certificate_key ${folder}/leaf.key;
    location / {
      default_type application/json;
      return 200 '{"connection":"$connection","protocol":"$server_protocol","host":"$host"}';
    }
  }`;
  return `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests 100000;
  server {
    listen 127.0.0.1:${status};
    location / { stub_status; }
  }
${server(`${http2} ssl http2`)}
${server(`${http1} ssl`)}
}
`;
}

/** Starts nginx, and waits until it answers. */
async function startNginx(nginx: string, folder: string, statusPort: number): Promise<AsyncDisposable> {
  const args = ["-c", `${folder}/nginx.conf`, "-p", folder, "-e", `${folder}/error.log`];
  const child = new Deno.Command(nginx, { args, stdin: "null", stdout: "inherit", stderr: "inherit" })
    .spawn();
  let hasEnded = false;
  const ended = child.status.then(() => hasEnded = true);
  for (;;) {
    try {
      await (await fetch(`http://127.0.0.1:${statusPort}/`)).text();
      break;
    } catch (error) { // nginx does not listen yet: try again
      if (hasEnded) throw new Error(`nginx does not start; see above`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

if (import.meta.main) {
  const { only, filter } = parseArgs(Deno.args, { string: ["only", "filter"] });
  const total = await runNetTests({ only, filter });
  printCounts("", total);
  Deno.exit(total.failed === 0 ? 0 : 1);
}

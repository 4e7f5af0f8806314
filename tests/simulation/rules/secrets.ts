/**
 * S16: sensitive headers go only to their own origins. S17: no message or event contains a secret.
 *
 * @module
 */

import { isSlipstreamError } from "../../../src/errors.ts";
import { baseUrlOf, originOf, SECRET } from "../addresses.ts";
import type { Caller, Sent } from "../records.ts";
import type { Stage } from "../stage.ts";
import type { RuleGroup } from "./rule.ts";

const SENSITIVE: readonly string[] = [
  "authorization",
  "cookie",
  "proxy-authorization",
  "x-api-key",
  "x-mirror-key",
];

/** Creates the rules for secrets: none goes to another origin, or into an error message or an event. */
export function secretRules(stage: Stage): RuleGroup {
  return {
    hearsAll: true,
    onSend(sent) {
      checkRedirect(stage, sent);
      checkMirror(stage, sent);
      checkClientHeaders(stage, sent);
    },
    onEnding: (caller) => checkError(stage, caller),
    atClose() {
      for (const event of stage.events) {
        const text = JSON.stringify(event);
        if (text.includes(SECRET)) return stage.fail("S17", `an event tells a secret: ${text}`);
      }
    },
  };
}

function checkRedirect(stage: Stage, { address, headers, url }: Sent): void {
  if (!address.isHop || address.kind !== "away") return;
  const told = SENSITIVE.find((name) => headers.has(name));
  if (told !== undefined) stage.fail("S16", `${url} got '${told}' by a redirect`);
}

/** Checks that the key of a mirror goes only to the mirror's own URLs. */
function checkMirror(stage: Stage, { headers, url, address: { isHop } }: Sent): void {
  const key = headers.get("x-mirror-key");
  if (key === null || isHop) return;
  const index = Number(/\d+$/.exec(key)![0]);
  const base = baseUrlOf(stage.plan.client.mirrors![index]!, index);
  if (!url.startsWith(base)) stage.fail("S16", `${url} got the key of ${base}`);
}

function checkClientHeaders(stage: Stage, { headers, url, address: { origin } }: Sent): void {
  const { plain, mirrors } = stage.plan.client;
  if (mirrors === undefined || plain?.clientHeadersTo !== "mirrors" || !headers.has("x-api-key")) return;
  if (mirrors.some((mirror) => originOf(mirror.origin) === origin)) return;
  stage.fail("S16", `${url} got a header that is for mirrors`);
}

function checkError(stage: Stage, { ending, name }: Caller): void {
  const { ok, value } = ending!;
  if (ok || !(value instanceof Error)) return;
  const told = `${value.message} ${isSlipstreamError(value) ? JSON.stringify(value) : ""}`;
  if (told.includes(SECRET)) stage.fail("S17", `the error of ${name} tells a secret: ${told}`);
}

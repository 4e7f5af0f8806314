/**
 * Checks that SDKs accept the `fetch` of a client without a cast. The tests only check its types, with those of Deno and with
 * those of Bun, and never run it.
 *
 * @module
 */

import Anthropic from "@anthropic-ai/sdk";
import { Octokit } from "@octokit/rest";
import { createClient as createSupabase } from "@supabase/supabase-js";
import { GraphQLClient } from "graphql-request";
import OpenAI from "openai";
import createApi from "openapi-fetch";
import { type Client, createClient } from "../../mod.ts";

/** Passes one `fetch` to all SDKs. */
export function createSdks({ fetch }: Client): readonly unknown[] {
  return [
    new OpenAI({ apiKey: "", fetch }),
    new Anthropic({ apiKey: "", fetch }),
    new Octokit({ request: { fetch } }),
    createSupabase("https://a.example.com", "", { global: { fetch } }),
    createApi<Record<string, never>>({ fetch }),
    new GraphQLClient("https://a.example.com", { fetch }),
  ];
}

/** Uses the `fetch` of a client in place of the global one, and as the option of another client. */
export function replaceFetch(client: Client): Client {
  const drop: typeof fetch = client.fetch;
  return createClient({ fetch: drop });
}

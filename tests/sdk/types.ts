/**
 * SDKs take the `fetch` of a client as it is, without a cast. It is never run: it is checked, with the types of Deno and with
 * those of Bun.
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

/** Gives one `fetch` to all of them. */
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

/** The `fetch` of a client is a `fetch`, and a client takes one. */
export function replaceFetch(client: Client): Client {
  const drop: typeof fetch = client.fetch;
  return createClient({ fetch: drop });
}

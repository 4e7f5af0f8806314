import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { createClient, isInvalidDataError, type RetryOn } from "../../mod.ts";
import { serveHandler } from "../support/serve_handler.ts";
import { test } from "../support/test.ts";

test("a recipe: jobs that are asked for until they are done, many at once", async () => {
  const polls = new Map<string, number>();
  await using server = serveHandler((request) => {
    const { pathname } = new URL(request.url);
    const nth = (polls.get(pathname) ?? 0) + 1;
    polls.set(pathname, nth);
    if (nth < 4) return Response.json({ status: "running" });
    return Response.json(pathname === "/jobs/7" ? { status: "failed" } : { status: "done", result: nth });
  });

  // The status of a running job does not match the schema, so the client retries. The deadline limits these retries, not
  // the retry budget.
  const Ended = v.variant("status", [
    v.object({ status: v.literal("done"), result: v.number() }),
    v.object({ status: v.literal("failed") }),
  ]);
  const whileItRuns: RetryOn = ({ error }) => isInvalidDataError(error) ? 1 : undefined;
  await using client = createClient({ baseUrls: server.url, retryBudget: false });
  const jobs = Array.from({ length: 50 }, (_, id) => `jobs/${id}`);
  const outcomes = await client.settle(jobs, {
    schema: Ended,
    retryOn: whileItRuns,
    maxRetries: 10_000,
    totalTimeoutMs: 60_000,
  });
  const ended = outcomes.map((outcome) => outcome.ok ? outcome.value.status : outcome.error.message);
  assertEquals(ended.filter((status) => status === "done").length, 49);
  assertEquals([ended[7], outcomes[7]?.attempts], ["failed", 4]);
});

test("a recipe: GraphQL, whose answers of 200 may say that there was too much to do", async () => {
  let requests = 0;
  await using server = serveHandler(async (request) => {
    const { variables: { id } } = await request.json();
    const isRefused = ++requests % 3 === 0;
    if (isRefused) return Response.json({ errors: [{ message: "Wait", extensions: { code: "THROTTLED" } }] });
    if (id === 5) return Response.json({ data: null, errors: [{ message: "There is no product 5" }] });
    return Response.json({ data: { product: { id } } });
  });

  const Problem = v.object({ message: v.string(), extensions: v.optional(v.object({ code: v.string() })) });
  const Answer = v.pipe(
    v.object({
      data: v.nullish(v.object({ product: v.object({ id: v.number() }) })),
      errors: v.optional(v.array(Problem)),
    }),
    v.check(({ errors }) => !errors?.some(({ extensions }) => extensions?.code === "THROTTLED"), "throttled"),
  );
  const whileThrottled: RetryOn = ({ error }) =>
    isInvalidDataError(error) && error.issues.some(({ message }) => message === "throttled") ? 1 : undefined;

  await using client = createClient({ baseUrls: `${server.url}/graphql`, retryOn: whileThrottled });
  const query = "query ($id: ID!) { product(id: $id) { id } }";
  const outcomes = await client.settle(
    [1, 2, 3, 4, 5].map((id) => ({ url: "", json: { query, variables: { id } } })),
    { schema: Answer, idempotent: true, concurrency: 1 }, // a query may be repeated, although it is a POST
  );
  const found = outcomes.map((outcome) =>
    outcome.ok && (outcome.value.data?.product.id ?? outcome.value.errors)
  );
  assertEquals(found, [1, 2, 3, 4, [{ message: "There is no product 5" }]]);
});

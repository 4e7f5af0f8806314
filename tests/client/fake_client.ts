import { type Client, type ClientOptions, createClient } from "../../mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { bothWays, type TestBothWays } from "../policies/both_ways.ts";
import { type Answer, FakeNetwork, type SentRequest } from "./fake_network.ts";

/** A client with its clock and its network. */
export interface FakeClient {
  readonly clock: ManualClock;
  readonly network: FakeNetwork;
  readonly client: Client;
}

/** Creates a client over a network that answers. */
export type MakeFakeClient = (
  answer: (request: SentRequest) => Answer,
  options?: ClientOptions,
) => FakeClient;

/** Creates a client, on a clock of its own unless its options have one. */
export function fakeClient(
  answer: (request: SentRequest) => Answer,
  options: ClientOptions = {},
): FakeClient {
  const clock = options.clock instanceof ManualClock ? options.clock : new ManualClock();
  const network = new FakeNetwork(clock, answer);
  const client = createClient({ fetch: network.fetch, random: seededRandom(1), ...options, clock });
  return { clock, network, client };
}

/** Registers tests that run with and without a listener; their clients' options are laid over these defaults. */
export function testClientsBothWays(defaults: ClientOptions = {}): TestBothWays<MakeFakeClient> {
  return bothWays((listens) => (answer, options = {}) => {
    const made = fakeClient(answer, { ...defaults, ...options });
    if (listens) made.client.on(() => {});
    return made;
  });
}

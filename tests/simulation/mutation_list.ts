/**
 * Changes of the sources that break one rule each on purpose, to check that the simulation detects it.
 *
 * @module
 */

/** A change of the sources that breaks a rule. */
export interface Mutation {
  readonly name: string;
  readonly changes: readonly Change[];
}

/** The change of one place: `search` must occur exactly once in the file. */
export interface Change {
  readonly file: string;
  readonly search: string;
  readonly replace: string;
}

/** All mutations. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: "a permit is released twice",
    changes: [{
      file: "src/lanes/admission.ts",
      search: "this.#owner.release(this.lane, this);",
      replace: "this.#owner.release(this.lane, this);\n    this.#owner.release(this.lane, this);",
    }],
  },
  {
    name: "two probes at once",
    changes: [{
      file: "src/primitives/circuit_breaker.ts",
      search: 'else this.#become({ kind: "half-open", sinceMs, cooldownMs });',
      replace: 'else this.#become({ kind: "half-open", sinceMs: -Infinity, cooldownMs });',
    }],
  },
  {
    name: "an abort listener is left",
    changes: [{
      file: "src/client/dispatcher.ts",
      search:
        "    if (signals.length > 0) { for (const signal of signals) removeAbortListener(signal, call); }\n",
      replace: "    void signals;\n",
    }],
  },
  {
    name: "a POST is sent again",
    changes: [{
      file: "src/policies/retry.ts",
      search: "if (call.settings.maxRetries === 0 || !call.request.repeatable) return undefined;",
      replace: "if (call.settings.maxRetries === 0) return undefined;",
    }],
  },
  {
    name: "retries are free",
    changes: [{
      file: "src/policies/retry.ts",
      search: "const needsBudget = !isRefused",
      replace: "const needsBudget = false && !isRefused",
    }],
  },
  {
    name: "who comes later overtakes",
    changes: [{
      file: "src/lanes/next_in_line.ts",
      search: "  const first = waiting.find(isFit);",
      replace: "  let first: Place<Lane> | undefined;\n" +
        "  waiting.forEach((place) => {\n    if (isFit(place)) first = place;\n  });",
    }],
  },
  {
    name: "a permit is held asleep",
    changes: [{
      file: "src/policies/retry.ts",
      search:
        "      if (plan === undefined) return conclude(round, call);\n      round.reply?.openBody?.discard();\n",
      replace: "      if (plan === undefined) return conclude(round, call);\n",
    }],
  },
  {
    name: "what an open breaker refuses is sent",
    changes: [{
      file: "src/lanes/lane.ts",
      search: "      untilMs = Math.max(untilMs, nowMs + breaker.refusesForMs(this.outage.cooldownCapMs));",
      replace: "      void breaker;",
    }, {
      file: "src/primitives/circuit_breaker.ts",
      search: "    if (waitMs > 0 || state.kind",
      replace: "    if (state.kind",
    }],
  },
  {
    name: "a second attempt goes to where a breaker is open",
    changes: [{
      file: "src/lanes/second_attempts.ts",
      search: "lane.isDown ? undefined : this.#owner",
      replace: "this.#owner",
    }, {
      file: "src/lanes/scheduler.ts",
      search: "    if (lane.blockedUntilMs(nowMs) > nowMs) return undefined;",
      replace: '    if (lane.breaker?.state === "open" && this.#grant(lane)) {\n' +
        "      return this.#lend(errand, lane, 0, nowMs, undefined);\n    }\n" +
        "    if (lane.blockedUntilMs(nowMs) > nowMs) return undefined;",
    }],
  },
  {
    name: "a second attempt takes no place in its batch",
    changes: [{
      file: "src/lanes/second_attempts.ts",
      search: "    admission.place = allowance;\n    allowance?.takePlace();\n",
      replace: "",
    }],
  },
  {
    name: "a pause is not kept",
    changes: [{
      file: "src/lanes/lane.ts",
      search: "let untilMs = nowMs + this.pauseLeftMs(nowMs);",
      replace: "let untilMs = nowMs;",
    }],
  },
  {
    name: "who was told when to come again is woken early",
    changes: [{
      file: "src/policies/retry.ts",
      search: "const mayHurry = askedMs === undefined && !isRefused && !",
      replace: "const mayHurry = !",
    }],
  },
  {
    name: "the outcome of who is aborted asleep is lost",
    changes: [{
      file: "src/policies/call.ts",
      search: "    this.context.owner.settle(this, false, reason);\n    const { leader } = this;",
      replace:
        '    if (this.pending?.purpose?.(0) !== "a retry") this.context.owner.settle(this, false, reason);\n' +
        "    const { leader } = this;",
    }, {
      file: "src/policies/backoff_sleep.ts",
      search: "    this.#leave();\n    this.#end.reject(reason);",
      replace: "    this.#leave();\n    void reason;",
    }],
  },
  {
    name: "the total time is not kept",
    changes: [{
      file: "src/client/dispatcher.ts",
      search: "      call.deadline = this.pipeline.environment.deadlines.add(call, call.timeLeftMs);\n",
      replace: "",
    }],
  },
  {
    name: "a credential follows a redirect",
    changes: [{
      file: "src/http/redirect.ts",
      search: "if (to.origin !== from.origin) headers = withoutHeaders(headers, sensitive);",
      replace: "if (to.origin === from.origin) headers = withoutHeaders(headers, sensitive);",
    }],
  },
  {
    name: "the backoff does not grow",
    changes: [{
      file: "src/primitives/backoff.ts",
      search: "Math.min(factor ** retry * baseMs, ceilingMs)",
      replace: "Math.min(factor * baseMs, ceilingMs)",
    }],
  },
  {
    name: "a batch does not close its source",
    changes: [{
      file: "src/client/batch.ts",
      search: "    else await this.#source.close();",
      replace: "",
    }],
  },
  {
    name: "404 is looked for at other mirrors",
    changes: [{
      file: "src/policies/mirrors.ts",
      search: "(isNotFoundStatus(status) && !notFoundIsFinal)",
      replace: "(isNotFoundStatus(status) && notFoundIsFinal !== undefined)",
    }],
  },
  {
    name: "what must not be stored is stored",
    changes: [{
      file: "src/http_cache/ttl_rules.ts",
      search: 'return parseCacheControl(headers.get("cache-control")).has("no-store");',
      replace: 'return parseCacheControl(headers.get("cache-control")).has("no-shop");',
    }],
  },
  {
    name: "requests of others are joined whoever asks",
    changes: [{
      file: "src/policies/single_flight.ts",
      search: "    haveSameHeaders(call.headers, other.request.headers) &&\n",
      replace: "",
    }, {
      // Requests with other headers are found only if their hashes are equal.
      file: "src/policies/single_flight.ts",
      search: "    sum = (sum + own) | 0;\n",
      replace: "    void own;\n",
    }],
  },
  {
    name: "a token is good for two",
    changes: [{
      file: "src/primitives/token_level.ts",
      search: "    this.#tokens -= n;\n    return true;",
      replace: "    this.#tokens -= n / 2;\n    return true;",
    }],
  },
  {
    name: "of several rates one is forgotten",
    changes: [{
      file: "src/lanes/tokens.ts",
      search: "const buckets = [keyed, own, common].filter(",
      replace: "const buckets = [keyed, own].filter(",
    }],
  },
  {
    name: "a limit that was learnt is not kept",
    changes: [{
      file: "src/lanes/lane.ts",
      search:
        "    if (this.book !== undefined) untilMs = Math.max(untilMs, this.book.blockedUntilMs(nowMs));\n",
      replace: "",
    }],
  },
  {
    name: "when a quota was used up is forgotten",
    changes: [{
      file: "src/lanes/reset_window.ts",
      search: "    if (this.#left > 0 && this.#left <= 1) this.#emptySinceMs = nowMs;\n",
      replace: "    void nowMs;\n",
    }, {
      file: "src/lanes/reset_window.ts",
      search: "    this.#emptySinceMs = nowMs;\n    // The next request tests nothing",
      replace: "    // The next request tests nothing",
    }],
  },
  {
    name: "who has left may still be joined",
    changes: [{
      file: "src/client/dispatcher.ts",
      search:
        "    this.#flights.remove(call);\n    if (call.settled) this.#forget(call);\n  }\n\n  onBodyEnd",
      replace: "    if (call.settled) this.#forget(call);\n  }\n\n  onBodyEnd",
    }],
  },
  {
    name: "whoever is in line for too long stays there",
    changes: [{
      file: "src/lanes/load_shedder.ts",
      search: "    if (maxQueueMs === Infinity) return;",
      replace: "    if (maxQueueMs > 0) return;",
    }],
  },
  {
    name: "a source is closed while it is asked",
    changes: [{
      file: "src/client/source_reader.ts",
      search: "    if (!this.#isInside) ignoreFailure",
      replace: "    ignoreFailure",
    }],
  },
  {
    name: "a batch in a worker pulls wherever there is room",
    changes: [{
      file: "src/client/batch.ts",
      search: "    if (pullsAhead) return this.#room?.resolve();",
      replace: "    if (pullsAhead) return this.#pullAhead();",
    }],
  },
  {
    name: "a timer in a worker is for all",
    changes: [{
      file: "src/client/pipeline.ts",
      search: "const deadlines = new Deadlines(clock);",
      replace: "const deadlines = new DeadlineQueue(clock);",
    }],
  },
  {
    name: "what a change has made wrong is given out",
    changes: [{
      file: "src/http_cache/changes.ts",
      search: "      environment.inBackground(entries.removeAll(url));",
      replace: "      void entries;\n      void environment;",
    }],
  },
  {
    name: "a mirror that is off is asked",
    changes: [{
      file: "src/f1/mirror_list.ts",
      search: "isOff: () => entry.isRemoved || !entry.isEnabled",
      replace: "isOff: () => entry.isRemoved",
    }],
  },
  {
    name: "nobody gets in line for the permits of another client",
    changes: [{
      file: "src/lanes/permit_turn.ts",
      search: "    this.ledger.enqueue(this);\n",
      replace: "",
    }],
  },
  {
    name: "the time in which a body is read does not count",
    changes: [{
      file: "src/client/dispatcher.ts",
      search: "deadlines.add(call, call.timeLeftMs)",
      replace: "deadlines.add(call, totalTimeoutMs)",
    }],
  },
  {
    name: "the own signal of a request of a batch is not heard",
    changes: [{
      file: "src/client/call_contexts.ts",
      search: 'const signal = of === "batch" ? undefined : options.signal;',
      replace: 'const signal = of === "batch" || base.allowance !== undefined ? undefined : options.signal;',
    }],
  },
  {
    name: "an attempt in a worker is left alone that another request has ended",
    changes: [{
      file: "src/policies/attempt.ts",
      search: "      this.#stopping?.resolve(() => void this.#abort(reason));",
      replace: "      this.#end();",
    }],
  },
  {
    name: "a POST is sent again for the sake of others",
    changes: [{
      file: "src/policies/attempt.ts",
      search: "return request.repeatable && settings.maxRetries !== 0 && !journey.hasGivenWay;",
      replace: "return settings.maxRetries !== 0 && !journey.hasGivenWay;",
    }],
  },
];

import { drawWorld } from "./draw_world.ts";
import { runWorld, warmUp } from "./run.ts";
const args = (globalThis as any).Deno?.args ?? (globalThis as any).process.argv.slice(2);
await warmUp();
const first = Number(args[0]), count = Number(args[1] ?? 1);
const t0 = performance.now();
let bad = 0; const byRule = new Map<string, number[]>(); let sent = 0, callers = 0;
for (let seed = first; seed < first + count; seed++) {
  const run = await runWorld(drawWorld(seed), count === 1);
  sent += run.sent; callers += run.callers;
  if (run.violations.length > 0) {
    bad++;
    const v = run.violations[0]!;
    const list = byRule.get(v.rule) ?? []; list.push(seed); byRule.set(v.rule, list);
    if (list.length <= 3) console.log(seed, v.rule, v.atMs, v.text.slice(0, 600));
    if (count === 1) { console.log(run.trace.join("\n")); console.log(run.violations); console.log(JSON.stringify(run.plan)); }
  }
}
console.log({ bad, sent, callers, ms: performance.now() - t0 }, Object.fromEntries([...byRule].map(([k, v]) => [k, `${v.length}: ${v.slice(0, 8)}`])));

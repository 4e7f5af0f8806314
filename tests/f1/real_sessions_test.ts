import { assert, assertEquals } from "@std/assert";
import { telemetryArrays } from "../../src/f1/telemetry_arrays.ts";
import { tracingInsights } from "../../src/f1/source.ts";
import { skip, test } from "../support/test.ts";
import { noSharedFiles, readSharedFile, type SharedFile, sharedFiles } from "./shared_data.ts";

/** The content of a session's files, read without this module's code. */
interface Expected {
  /** The raw lists of laps, by driver in the order of drivers.json. */
  readonly laps: ReadonlyMap<string, { readonly time: readonly unknown[]; readonly lap: readonly number[] }>;
  /** The driver, the lap and the time of each driver's fastest lap, fastest first. */
  readonly fastest: readonly (readonly [string, number, number])[];
  /** The number of samples in each lap's telemetry, by driver and lap. */
  readonly samples: ReadonlyMap<string, number>;
}

function expectedOf(files: ReadonlyMap<string, string>): Expected {
  const read = (path: string) => JSON.parse(files.get(path)!);
  const codes: string[] = read("drivers.json").drivers.map((entry: { driver: string }) => entry.driver);
  const laps = new Map(
    codes.filter((code) => files.has(`${code}/laptimes.json`)).map((
      code,
    ) => [code, read(`${code}/laptimes.json`)]),
  );
  const fastest: [string, number, number][] = [];
  for (const [code, { time, lap }] of laps) {
    const times: number[] = time.filter((value: unknown) => typeof value === "number");
    if (times.length === 0) continue;
    const best = Math.min(...times);
    fastest.push([code, lap[time.indexOf(best)], best]);
  }
  fastest.sort((a, b) => a[2] - b[2]);
  const telemetry = [...files.keys()].filter((path) => path.endsWith("_tel.json"));
  const samples = telemetry.map((path) => [path, read(path).tel.time.length] as const);
  return { laps, fastest, samples: new Map(samples) };
}

/** Returns the texts of the real files, session by session. */
async function realSessions(): Promise<{ readonly of: SharedFile; readonly files: Map<string, string> }[]> {
  const sessions = new Map<string, { of: SharedFile; files: Map<string, string> }>();
  for (const file of sharedFiles) {
    const key = `${file.year}/${file.event}/${file.session}`;
    const session = sessions.get(key) ?? { of: file, files: new Map<string, string>() };
    sessions.set(key, session);
    session.files.set(file.path, await readSharedFile(file));
  }
  return [...sessions.values()];
}

function serve(folder: string, files: ReadonlyMap<string, string>): typeof fetch {
  return ((input: RequestInfo | URL) => {
    const path = decodeURIComponent(new URL(String(input)).pathname.split("@main/")[1]!);
    const text = path.startsWith(`${folder}/`) ? files.get(path.slice(folder.length + 1)) : undefined;
    return Promise.resolve(new Response(text ?? "", { status: text === undefined ? 404 : 200 }));
  }) as typeof fetch;
}

const title =
  "F1Session of every real session has the laps, the fastest laps and the counts that its files have";
if (sharedFiles.length === 0) skip(title, noSharedFiles);
else {
  test(title, async () => {
    for (const { of: { year, event, session: name }, files } of await realSessions()) {
      const expected = expectedOf(files);
      await using f1 = tracingInsights({ fetch: serve(`${event}/${name}`, files), cache: false });
      const session = f1.session(year, event, name);
      assertEquals([session.event, session.name], [event, name]);

      const laps = await session.laps();
      assertEquals(Object.keys(laps), [...expected.laps.keys()]);
      for (const [code, { time, lap }] of expected.laps) {
        assertEquals(laps[code]!.lap, lap);
        assertEquals<unknown>(laps[code]!.time, time.map((value) => value === "None" ? null : value));
        assertEquals((await session.laps(code)).time, laps[code]!.time);
      }
      const counts = [...expected.laps.values()].map(({ lap }) => lap.length);
      assertEquals((await session.lapRows()).length, counts.reduce((sum, count) => sum + count));
      assertEquals(
        await session.totalLaps(),
        Math.max(...[...expected.laps.values()].flatMap(({ lap }) => lap)),
      );

      const fastest = await session.fastestLap({ by: "driver" });
      assertEquals(
        fastest.map(({ driver, lap, time }) => [driver, lap, time]),
        expected.fastest.map((entry) => [...entry]),
      );
      assertEquals(await session.fastestLap(), fastest[0]);
      const placed = (await session.results()).filter(({ laps }) => laps > 0);
      if (name !== "Race") {
        assertEquals(
          placed.slice(0, fastest.length).map(({ driver }) => driver.driver),
          fastest.map(({ driver }) => driver),
        );
      }
      assertEquals(new Set(placed.map(({ driver }) => driver.driver)), new Set(expected.laps.keys()));

      const samples = new Map<string, number>();
      for await (const outcome of session.allTelemetry()) {
        if (!outcome.ok) {
          assertEquals(outcome.error.name, "DataNotFoundError");
          continue;
        }
        const { speed, time } = telemetryArrays(outcome.telemetry);
        assertEquals([speed.length, [...time]], [time.length, outcome.telemetry.tel.time]);
        samples.set(`${outcome.driver}/${outcome.lap}_tel.json`, time.length);
      }
      assertEquals([...samples].sort(), [...expected.samples].sort());

      const { loaded, missing, failures } = await session.prefetch();
      assertEquals([loaded, failures], [files.size, []]);
      assert(missing > 0);
    }
  });
}

/**
 * Writes telemetry files of invented laps.
 *
 * @module
 */

import { derivedSeed } from "./derived_seed.ts";
import { floatText } from "./json_text.ts";
import { seededRandom } from "./random.ts";
import { drive, type TelemetryRow, TRACK_METRES } from "./telemetry_drive.ts";

/** The lap to write. */
export interface LapRequest {
  readonly driver: string;
  readonly lap: number;
  /** The lap time, in seconds. */
  readonly durationS: number;
  /** The name of the lap in the file. */
  readonly dataKey: string;
}

/** The columns whose text is cut out of a drive unchanged; the other columns are computed for each lap. */
const COLUMNS = {
  rpm: (row) => floatText(row.rpm),
  speed: (row) => floatText(row.speed),
  gear: (row) => String(row.gear),
  throttle: (row) => floatText(row.throttle),
  brake: (row) => String(row.brake),
  drs: (row) => String(row.drs),
  acc_x: (row) => floatText(row.accX),
  acc_y: (row) => floatText(row.accY),
  acc_z: (row) => floatText(row.accZ),
  x: (row) => floatText(row.x),
  y: (row) => floatText(row.y),
  z: (row) => floatText(row.z),
} satisfies Record<string, (row: TelemetryRow) => string>;

type ColumnName = keyof typeof COLUMNS;

/** How many rows per second the merged samples have. */
const ROWS_PER_SECOND = 7.3;
const DRIVES = 4;
const LAPS_PER_DRIVE = 4;
/** A file begins fewer than this many rows after the start of a lap in the drive. */
const MAX_SHIFT_ROWS = 24;

/**
 * Writes telemetry files. It writes the columns of a few long drives once, and then cuts every lap out of one of them, at a place
 * of its own. That takes a fraction of the time of writing the numbers of each lap.
 */
export class LapTelemetry {
  readonly #seed: number;
  readonly #drives: (DriveText | undefined)[] = [];

  /** Creates a writer; the drives are written when the first laps need them. */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Writes one lap's file. */
  text({ driver, lap, durationS, dataKey }: LapRequest): string {
    const random = seededRandom(derivedSeed(this.#seed, "telemetry", driver, lap));
    const drive = this.#drive(Math.floor(random() * DRIVES));
    const start = drive.lapStart(Math.floor(random() * LAPS_PER_DRIVE)) +
      Math.floor(random() * MAX_SHIFT_ROWS);
    const count = Math.max(2, Math.round(durationS * ROWS_PER_SECOND));
    const column = (name: ColumnName) => `"${name}":[${drive.cut(name, start, count)}]`;
    const [time, distance, relDistance] = drive.progress(start, count, {
      durationS,
      origin: 0.0003 * random(),
    });
    return `{"tel":{"time":[${time}],${column("rpm")},${column("speed")},${column("gear")},${
      column("throttle")
    },` +
      `${column("brake")},${column("drs")},"distance":[${distance}],"rel_distance":[${relDistance}],` +
      `${column("acc_x")},${column("acc_y")},${column("acc_z")},${column("x")},${column("y")},${
        column("z")
      },` +
      `"dataKey":${JSON.stringify(dataKey)}}}`;
  }

  #drive(index: number): DriveText {
    return this.#drives[index] ??= new DriveText(derivedSeed(this.#seed, "drive", index));
  }
}

/** One column of a drive as text, with the index at which each row begins. */
interface ColumnText {
  readonly text: string;
  readonly starts: Uint32Array;
}

/** A drive of several laps, written column by column. It is circular: the first row follows the last one. */
class DriveText {
  readonly #rows: readonly TelemetryRow[];
  readonly #columns: Readonly<Record<ColumnName, ColumnText>>;

  constructor(seed: number) {
    this.#rows = drive(seededRandom(seed), LAPS_PER_DRIVE);
    this.#columns = Object.fromEntries(
      Object.entries(COLUMNS).map(([name, write]) => [name, writeColumn(this.#rows.map(write))]),
    ) as Record<ColumnName, ColumnText>;
  }

  /** Returns the index of the row at which a lap begins. */
  lapStart(lap: number): number {
    return this.#rows.findIndex((row) => row.metres >= lap * TRACK_METRES);
  }

  /** Returns the text of some rows of a column. */
  cut(name: ColumnName, start: number, count: number): string {
    const { text, starts } = this.#columns[name];
    const parts: string[] = [];
    for (let row = start % this.#rows.length, left = count; left > 0; row = 0) {
      const end = Math.min(this.#rows.length, row + left);
      parts.push(text.slice(starts[row], starts[end]! - 1));
      left -= end - row;
    }
    return parts.join();
  }

  /**
   * Returns the text of time, distance and relative distance, scaled so that they end with the lap, whatever its number of rows.
   *
   * @param origin The relative distance of the first row, because the samples begin a few metres after the start line.
   */
  progress(
    start: number,
    count: number,
    { durationS, origin }: { readonly durationS: number; readonly origin: number },
  ): [string, string, string] {
    const seconds = this.#elapsed(start, count, (row) => row.seconds);
    const metres = this.#elapsed(start, count, (row) => row.metres);
    const stretch = durationS / seconds[count - 1]!;
    const share = (0.9997 - origin) / metres[count - 1]!;
    const text: [string, string, string] = ["", "", ""];
    for (let row = 0; row < count; row++) {
      const comma = row === 0 ? "" : ",";
      const relative = origin + metres[row]! * share;
      text[0] += comma + floatText(Math.round(seconds[row]! * stretch * 1_000) / 1_000);
      text[1] += comma + floatText(relative * TRACK_METRES);
      text[2] += comma + floatText(relative);
    }
    return text;
  }

  /** Returns the time or distance since the first row, for each row, also if the rows pass the end of the drive several times. */
  #elapsed(start: number, count: number, read: (row: TelemetryRow) => number): Float64Array {
    const length = this.#rows.length;
    const period = read(this.#rows[length - 1]!) + read(this.#rows[1]!);
    const elapsed = new Float64Array(count);
    const origin = read(this.#rows[start % length]!);
    for (let index = 0; index < count; index++) {
      const round = Math.floor((start % length + index) / length);
      elapsed[index] = read(this.#rows[(start + index) % length]!) - origin + round * period;
    }
    return elapsed;
  }
}

function writeColumn(cells: readonly string[]): ColumnText {
  const starts = new Uint32Array(cells.length + 1);
  for (let row = 0; row < cells.length; row++) starts[row + 1] = starts[row]! + cells[row]!.length + 1;
  return { text: cells.join() + ",", starts };
}

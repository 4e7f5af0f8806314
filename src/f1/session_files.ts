/**
 * Finds the files of a session while they are loaded: a driver's laps are only known once that driver's lap times are loaded.
 *
 * @module
 */

import { DRIVERS_PATH, lapTimesPath, telemetryPath } from "./path.ts";
import { usableDrivers, usableLaps } from "./usable.ts";

/** The files to load. */
export interface SessionSelection {
  /** Whether to load the drivers, weather, race control and corners. */
  readonly session: boolean;
  readonly laps: boolean;
  readonly telemetry: boolean;
  /** The drivers whose laps to load; all drivers if empty. */
  readonly drivers: readonly string[];
}

/** One file of a session. */
export interface SessionFile {
  readonly path: string;
  /** Whether the selection includes the file; otherwise it is loaded only to find further files. */
  readonly wanted: boolean;
  /** Whether a missing file is a failure. Other files are not published for every session, driver and lap. */
  readonly required: boolean;
}

const OTHER_PATHS = ["weather.json", "rcm.json", "corners.json"];

/** Hands out the files of a session one by one, and finds further files in the payloads of loaded ones. */
export class SessionFiles {
  readonly #selection: SessionSelection;
  readonly #queue: SessionFile[] = [];
  #given = 0;
  #settled = 0;
  /** How many files that name further files are not settled yet. */
  #leads = 0;
  #wake: () => void = () => {};
  #isStopped = false;

  /**
   * Starts with the files that every session has.
   *
   * @throws {TypeError} If a driver's code can't be part of a path.
   */
  constructor(selection: SessionSelection) {
    this.#selection = selection;
    const { session, laps, telemetry, drivers } = selection;
    const findDrivers = (laps || telemetry) && drivers.length === 0;
    if (session || findDrivers) this.#add(DRIVERS_PATH, session, true);
    if (session) { for (const path of OTHER_PATHS) this.#add(path, true, false); }
    if (laps || telemetry) { for (const driver of drivers) this.#addLapTimes(driver, true); }
  }

  /** The number of files; `undefined` while a file that is not settled yet may name more. */
  get total(): number | undefined {
    return this.#leads === 0 ? this.#given + this.#queue.length : undefined;
  }

  /** Waits for the next file; `undefined` when there are no more, or when `stop()` was called or `signal` has aborted. */
  async next(signal?: AbortSignal): Promise<SessionFile | undefined> {
    while (this.#queue.length === 0 && this.#settled < this.#given && !this.#isOver(signal)) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    if (this.#isOver(signal)) return undefined;
    const file = this.#queue.shift();
    if (file !== undefined) this.#given++;
    return file;
  }

  /**
   * Settles a file that was handed out, and finds further files in its payload.
   *
   * @param file The file.
   * @param payload The file's content; `undefined` if it could not be loaded.
   * @returns The errors of an unusable payload, or of names in it that can't be part of a path.
   */
  settle(file: SessionFile, payload: unknown): readonly unknown[] {
    const problems: unknown[] = [];
    this.#settled++;
    if (this.#leadsOn(file.path)) {
      this.#leads--;
      if (payload !== undefined) this.#learn(file.path, payload, problems);
    }
    this.#wake();
    return problems;
  }

  /** Hands out no more files; calls that wait for one get `undefined`. */
  stop(): void {
    this.#isStopped = true;
    this.#wake();
  }

  #isOver(signal: AbortSignal | undefined): boolean {
    return this.#isStopped || signal?.aborted === true;
  }

  #learn(path: string, payload: unknown, problems: unknown[]): void {
    const learnOne = (add: () => void): void => {
      try {
        add();
      } catch (problem) {
        // A name in the file can't be part of a path. Keep the other names.
        problems.push(problem);
      }
    };
    learnOne(() => {
      if (path === DRIVERS_PATH) {
        const drivers = usableDrivers(payload, path);
        for (const { driver } of drivers) learnOne(() => this.#addLapTimes(driver, false));
      } else {
        const [driver = ""] = path.split("/", 1);
        const laps = new Set(usableLaps(payload, path, ["lap"]).lap);
        for (const lap of laps) learnOne(() => this.#add(telemetryPath(driver, lap), true, false));
      }
    });
  }

  #addLapTimes(driver: string, required: boolean): void {
    this.#add(lapTimesPath(driver), this.#selection.laps, required);
  }

  #add(path: string, wanted: boolean, required: boolean): void {
    this.#queue.push({ path, wanted, required });
    if (this.#leadsOn(path)) this.#leads++;
  }

  #leadsOn(path: string): boolean {
    const { laps, telemetry, drivers } = this.#selection;
    if (path === DRIVERS_PATH) return (laps || telemetry) && drivers.length === 0;
    return telemetry && path.endsWith("/laptimes.json");
  }
}

/**
 * The files of a session, found as they are loaded: which laps there are is only known when a driver's lap times are.
 *
 * @module
 */

import { DRIVERS_PATH, lapTimesPath, telemetryPath } from "./path.ts";
import { usableDrivers, usableLaps } from "./usable.ts";

/** Which files are wanted. */
export interface SessionSelection {
  /** Drivers, weather, race control and corners. */
  readonly session: boolean;
  readonly laps: boolean;
  readonly telemetry: boolean;
  /** The drivers whose laps are wanted; all of them if there are none. */
  readonly drivers: readonly string[];
}

/** One file. */
export interface SessionFile {
  readonly path: string;
  /** Whether it was asked for, or only tells what else there is. */
  readonly wanted: boolean;
  /** Whether the run has failed without it; others are not published for every session, driver and lap. */
  readonly required: boolean;
}

const OTHER_PATHS = ["weather.json", "rcm.json", "corners.json"];

/** Gives out files one by one, and learns of further ones from those that have been loaded. */
export class SessionFiles {
  readonly #selection: SessionSelection;
  readonly #queue: SessionFile[] = [];
  #given = 0;
  #settled = 0;
  /** How many files that lead to others have not been loaded. */
  #leads = 0;
  #wake: () => void = () => {};
  #isStopped = false;

  /**
   * Begins with the files that every session has.
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

  /** How many files there are; absent while a file that is in flight may lead to more. */
  get total(): number | undefined {
    return this.#leads === 0 ? this.#given + this.#queue.length : undefined;
  }

  /** The next file, once it is known; `undefined` when there are no more, or `signal` aborts. */
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
   * Learns from a file that has been loaded.
   *
   * @param file The file.
   * @param payload What is in it; `undefined` if it could not be loaded.
   * @returns What is wrong with it, or with the names of files in it.
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

  /** Gives out no more files, nor to calls that wait for one. */
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
        // The file names something that can't be a path: the others in it may be fine.
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

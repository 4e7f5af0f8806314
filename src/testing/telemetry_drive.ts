/**
 * Simulates a car on an imaginary track.
 *
 * @module
 */

/** The measured values of one moment. */
export interface TelemetryRow {
  /** The time since the start of the drive. */
  readonly seconds: number;
  /** The distance since the start of the drive. */
  readonly metres: number;
  readonly rpm: number;
  /** The speed, in km/h. */
  readonly speed: number;
  readonly gear: number;
  readonly throttle: number;
  readonly brake: number;
  readonly drs: number;
  readonly accX: number;
  readonly accY: number;
  readonly accZ: number;
  /** The position, in tenths of a metre, like the next two. */
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** The length of the track, in metres. */
export const TRACK_METRES = 5_412;

/**
 * The interval of samples, in seconds. The car's computer and its positioning device each send about four samples per second, at
 * different moments.
 */
const SAMPLE_S = 1 / 3.8;
const GEAR_KMH = 42;

/**
 * Simulates some laps. As in real files, the samples of two devices are merged: in every other row the car's values are whole
 * numbers and the position is interpolated; in the rows between them the position is whole and the car's values are interpolated.
 */
export function drive(random: () => number, laps: number): TelemetryRow[] {
  const track = new Track(random);
  const rows: TelemetryRow[] = [];
  let metres = 0;
  for (let index = 0, seconds = 0; metres < laps * TRACK_METRES; index++) {
    rows.push(track.measure(seconds, metres, index % 2 === 0));
    const stepS = (0.4 + random() * 0.2) * SAMPLE_S;
    metres += track.speedAt(metres) / 3.6 * stepS;
    seconds += stepS;
  }
  return rows;
}

/** A track, which is the same for every lap. A few waves of random phase give its speeds and its shape. */
class Track {
  readonly #phases: readonly number[];
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
    this.#phases = Array.from({ length: 6 }, random);
  }

  /** Returns the speed at a place, in km/h. */
  speedAt(metres: number): number {
    return 198 + 75 * this.#wave(metres, 3, 0) + 35 * this.#wave(metres, 7, 1) +
      15 * this.#wave(metres, 11, 2);
  }

  measure(seconds: number, metres: number, isCarSample: boolean): TelemetryRow {
    const noise = () => this.#random() - 0.5;
    const speed = this.speedAt(metres);
    const gain = this.speedAt(metres + 5) - speed;
    const gear = Math.min(8, Math.max(1, Math.ceil(speed / GEAR_KMH)));
    const rpm = 8_000 + 4_000 * (speed / GEAR_KMH - gear + 1) + 50 * noise();
    const throttle = gain > 0 ? 100 : Math.max(0, 100 + gain * 40 + noise());
    const car = isCarSample ? Math.round : (value: number) => value;
    const position = isCarSample ? (value: number) => value + noise() : Math.round;
    return {
      seconds,
      metres,
      rpm: car(rpm),
      speed: car(speed + (isCarSample ? 0 : noise())),
      gear,
      throttle: car(throttle),
      brake: gain < -1.5 ? 1 : 0,
      drs: speed > 285 ? 1 : 0,
      accX: gain * 4 + noise(),
      accY: this.#wave(metres, 5, 3) * 20 + noise(),
      accZ: noise() * 10,
      x: position(4_000 * this.#wave(metres, 1, 4) + 900 * this.#wave(metres, 3, 5)),
      y: position(5_000 * this.#wave(metres, 1, 5) + 700 * this.#wave(metres, 2, 4)),
      z: position(-160 + 20 * this.#wave(metres, 2, 0)),
    };
  }

  /**
   * Returns a wave from -1 to 1 that repeats `times` times per lap. It consists of parabolas, because the last bits of a sine
   * differ between runtimes, and the files would differ, too.
   */
  #wave(metres: number, times: number, phase: number): number {
    const turns = times * metres / TRACK_METRES + this.#phases[phase]!;
    const position = 2 * (turns - Math.floor(turns)) - 1;
    return 4 * position * (1 - Math.abs(position));
  }
}

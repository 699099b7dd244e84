/** Level of a line after an edge: 0 while a contact to ground is closed. */
export type EdgeLevel = 0 | 1;

/** One edge of one line. */
export type Edge = {
  /** BCM number. */
  readonly line: number;
  readonly level: EdgeLevel;
  /** CLOCK_MONOTONIC, comparable with `Clock.monotonicMs`. Does not go back on one line. */
  readonly atMs: number;
};

export type EdgeListener = (edge: Edge) => void;

/** Watches GPIO lines with pull-ups for edges, falling and rising ones. */
export type EdgeSource = {
  /**
   * `kernel`: stamped in the interrupt · `process`: stamped by this process, which knows the time to within how late it
   * looked, so pulses may be missing.
   */
  readonly timestamps: 'kernel' | 'process';
  /** Resolves once every line is armed. A line that is lost later is armed again at intervals; `onFault` gets each change. */
  watch(
    lines: readonly number[],
    onEdge: EdgeListener,
    onFault: (fault: Error | null) => void,
  ): Promise<void>;
  /** How many edges may have been missed since `watch`, as far as the backend can tell. */
  suspectedMissed(): number;
  close(): Promise<void>;
};

/** One GPIO output, such as an LED, a buzzer or a relay; it falls back to inactive when this process ends. */
export type OutputLine = {
  /** Resolves once the line was told; rejects when it can not be driven, and takes it up again with the next call. */
  set(isActive: boolean): Promise<void>;
  /** Leaves the line inactive. */
  close(): Promise<void>;
};

export type OutputLineOptions = {
  /** BCM number. */
  readonly gpio: number;
  /** Whether active is the low level, as on most relay boards. */
  readonly isActiveLow: boolean;
};

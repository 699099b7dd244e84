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

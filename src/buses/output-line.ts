/** One GPIO output, such as an LED, a buzzer or a relay; it falls back to inactive when this process ends. */
export type OutputLine = {
  set(isActive: boolean): Promise<void>;
  /** Leaves the line inactive. */
  close(): Promise<void>;
};

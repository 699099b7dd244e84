export type WaitingReadings = {
  /** Between two readings. */
  readonly intervalSeconds: number;
  readonly outbox: {
    readonly lanes: { readonly reading: { readonly waiting: number; readonly waitingBytes: number } };
    readonly maxBytes: number;
  };
};

/**
 * How long readings can go on waiting before the oldest have to go, s, if they stay as large as those that wait.
 * `null` while none waits: nobody knows how large they will be.
 */
export const roomSeconds = ({ intervalSeconds, outbox }: WaitingReadings): number | null => {
  const { waiting, waitingBytes } = outbox.lanes.reading;
  if (waiting === 0 || waitingBytes === 0) return null;
  const readings = (outbox.maxBytes - waitingBytes) / (waitingBytes / waiting);
  return Math.max(0, Math.floor(readings)) * intervalSeconds;
};

import { z } from 'zod';

/** What the daemon tells the child that watches lines through onoff: BCM and sysfs number of each. */
export const watchRequestSchema = z.strictObject({
  lines: z.array(z.strictObject({ line: z.int(), sysfsNumber: z.int() })),
});

export type WatchRequest = z.output<typeof watchRequestSchema>;

/** What the child tells the daemon. */
export const watchReportSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('armed') }),
  z.strictObject({
    kind: z.literal('edges'),
    edges: z.array(z.strictObject({ line: z.int(), atMs: z.number() })),
  }),
  /** Pulses that may have been missed since the child began. */
  z.strictObject({ kind: z.literal('missed'), total: z.int() }),
  z.strictObject({ kind: z.literal('fault'), message: z.string() }),
]);

export type WatchReport = z.output<typeof watchReportSchema>;

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Edge, EdgeSource } from '../../src/gpio/lines.ts';
import { systemClock } from '../../src/time/clock.ts';

export type EdgeSourceHarness = {
  readonly source: EdgeSource;
  /** Two lines that can be watched. */
  readonly lines: readonly [number, number];
  /** A line that exists and nobody watches. */
  readonly otherLine: number;
  /** Pulls a line low and lets it go. */
  pulse(line: number): Promise<void>;
  dispose?(): Promise<void>;
};

/** A backend that stamps edges itself knows their times to within how late it looked, ms. */
const LATEST_LOOK_MS = 50;

/** What every edge source keeps to: the fake and both of the kernel's. */
export const describeEdgeSource = (name: string, openHarness: () => Promise<EdgeSourceHarness>): void => {
  describe(`${name} as an edge source`, () => {
    let harness: EdgeSourceHarness;
    let edges: Edge[];
    let faults: (Error | null)[];

    beforeEach(async () => {
      harness = await openHarness();
      edges = [];
      faults = [];
    });
    afterEach(async () => {
      await harness.source.close();
      await harness.dispose?.();
    });

    const watch = (lines: readonly number[] = harness.lines): Promise<void> =>
      harness.source.watch(
        lines,
        (edge) => edges.push(edge),
        (fault) => faults.push(fault),
      );
    const untilPulses = (count: number): Promise<unknown> =>
      vi.waitFor(() => expect(edges.length).toBeGreaterThanOrEqual(2 * count), 60_000);
    const falling = (): Edge[] => edges.filter(({ level }) => level === 0);

    it('reports both edges of a watched line with their monotonic time', async () => {
      const [line] = harness.lines;
      await watch();
      const beforeMs = systemClock.monotonicMs();

      await harness.pulse(line);
      await untilPulses(1);

      expect(edges).toEqual([
        { line, level: 0, atMs: expect.any(Number) },
        { line, level: 1, atMs: expect.any(Number) },
      ]);
      const slackMs = harness.source.timestamps === 'kernel' ? 0 : LATEST_LOOK_MS;
      expect(edges[0]?.atMs).toBeGreaterThanOrEqual(beforeMs - slackMs);
      expect(edges[1]?.atMs).toBeGreaterThanOrEqual(edges[0]?.atMs ?? 0);
      expect(edges[1]?.atMs).toBeLessThanOrEqual(systemClock.monotonicMs());
    });

    it('reports each of many pulses once, of either line, in order', async () => {
      const [first, second] = harness.lines;
      await watch();

      const pulses = Array.from({ length: 10 }, () => [first, second]).flat();
      for (const [index, line] of pulses.entries()) {
        await harness.pulse(line);
        // A backend without a queue is given the time to look.
        await untilPulses(index + 1);
      }

      expect(falling().map(({ line }) => line)).toEqual(pulses);
      for (const line of [first, second]) {
        const timesMs = edges.filter((edge) => edge.line === line).map(({ atMs }) => atMs);
        expect(timesMs).toEqual([...timesMs].sort((a, b) => a - b));
      }
      expect(faults).toEqual([]);
    });

    it('says nothing of a line that is not watched', async () => {
      const [first, second] = harness.lines;
      await watch([first]);

      await harness.pulse(second);
      await harness.pulse(harness.otherLine);
      await harness.pulse(first);
      await untilPulses(1);

      expect(falling().map(({ line }) => line)).toEqual([first]);
    });

    it('suspects nothing before anything happened', async () => {
      await watch();

      expect(harness.source.suspectedMissed()).toBe(0);
    });

    it('ends when closed, also twice', async () => {
      await watch();

      await harness.source.close();
      await harness.source.close();

      expect(edges).toEqual([]);
    });
  });
};

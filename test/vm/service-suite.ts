import { beforeAll, describe, expect, it } from 'vitest';
import { HOST_LIMIT_MS, runService, type ServiceRun } from './service-machine.ts';

const MM_PER_TIP = 0.2794;

export type ServiceSuite = {
  /** Of test/vm/guest. */
  readonly script: string;
  /** Image of the Debian that it is run on; this host's otherwise. */
  readonly rootDisk?: string | undefined;
  /** Its last check, which shows that it was reached. */
  readonly lastCheck: string;
  readonly fewestReadings: number;
  /** Tests of this script alone. */
  readonly more?: (result: () => ServiceRun) => void;
};

/** What holds for the installed service whatever is done to it. */
export const describeService = (about: string, suite: ServiceSuite): void => {
  describe(`the installed service on a Linux machine with I2C, GPIO and systemd: ${about}`, () => {
    let result: ServiceRun;

    beforeAll(async () => {
      result = await runService(suite.script, suite.rootDisk);
    }, HOST_LIMIT_MS);

    it(`passes every check of test/vm/guest/${suite.script}`, () => {
      const failed = [...result.checks].filter(([, rest]) => rest !== 'ok');

      expect(failed, result.output.slice(-4_000)).toEqual([]);
      expect(result.checks.get(suite.lastCheck), result.output.slice(-4_000)).toBe('ok');
    });

    it('loses no reading and reorders none', () => {
      const first = new Map(result.readings.map(({ epoch, seq }) => [`${epoch} ${seq}`, { epoch, seq }]));
      for (const name of new Set(result.readings.map(({ epoch }) => epoch))) {
        const seqs = [...first.values()].filter(({ epoch }) => epoch === name).map(({ seq }) => seq);
        expect(seqs).toEqual(seqs.map((_, index) => index + 1));
      }
      expect(first.size).toBeGreaterThan(suite.fewestReadings);
    });

    it('counts every tip of the rain gauge once', () => {
      const byName = new Map(
        result.readings.map((each) => [`${each.epoch} ${each.seq}`, each.rainheight ?? 0]),
      );

      const tips = [...byName.values()].reduce((sum, mm) => sum + mm, 0) / MM_PER_TIP;
      expect(tips).toBeCloseTo(result.tips, 2);
    });

    suite.more?.(() => result);
  });
};

import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { debian13Disk } from './machine.ts';
import { HOST_LIMIT_MS, runService, type ServiceRun } from './service-machine.ts';

const MM_PER_TIP = 0.2794;

const nameOf = (epoch: string, seq: number): string => `${epoch} ${seq}`;

const isDebian13 = existsSync(debian13Disk);

describe(`the installed service on a Linux machine${isDebian13 ? ' with Debian 13' : ''}`, () => {
  let service: ServiceRun;

  beforeAll(async () => {
    service = await runService('service.sh', isDebian13 ? debian13Disk : undefined);
  }, HOST_LIMIT_MS);

  it('passes every check of test/vm/guest/service.sh and mast.sh', () => {
    const failed = [...service.checks].filter(([, rest]) => rest !== 'ok');

    expect(failed, `${JSON.stringify(failed)}\n${service.output.slice(-4_000)}`).toEqual([]);
    for (const lastCheck of ['lives-through-steps', 'removes-data'])
      expect(service.checks.get(lastCheck), service.output.slice(-4_000)).toBe('ok');
  });

  it('loses no reading and reorders none', () => {
    const readings = new Map(service.readings.map((each) => [nameOf(each.epoch, each.seq), each]));
    const epochs = [...new Set(service.readings.map(({ epoch }) => epoch))];
    const newest = epochs.map((epoch) => {
      const seqs = [...readings.values()].filter((each) => each.epoch === epoch).map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.map((_, index) => index + 1));
      return nameOf(epoch, seqs.length);
    });
    // The first reading of an epoch names the newest one before.
    const named = epochs.slice(1).map((epoch) => {
      const first = readings.get(nameOf(epoch, 1));
      return nameOf(first?.previousepoch ?? '', first?.previousseq ?? 0);
    });
    expect(named).toEqual(newest.slice(0, -1));
    expect(readings.size).toBeGreaterThan(80);
  });

  it('counts every tip of the rain gauge once', () => {
    const byName = new Map(
      service.readings.map((each) => [nameOf(each.epoch, each.seq), each.rainheight ?? 0]),
    );

    const tips = [...byName.values()].reduce((sum, mm) => sum + mm, 0) / MM_PER_TIP;
    expect(tips).toBeCloseTo(service.tips, 2);
  });

  it('says in systemctl status what it reads, what waits and how the link is', () => {
    expect(/STATUS (.*)/.exec(service.output)?.[1]).toMatch(/connected/);
  });

  it('exposes no more than 2.0 to systemd-analyze security', () => {
    const exposure = Number(/EXPOSURE .*: ([\d.]+)/.exec(service.output)?.[1]);

    expect(exposure).toBeGreaterThan(0);
    expect(exposure).toBeLessThanOrEqual(2);
  });
});

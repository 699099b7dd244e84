import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  expectChecks,
  expectEveryTip,
  expectNothingLost,
  HOST_LIMIT_MS,
  isDebian13,
  makeStationFolder,
  runStation,
  type ServiceRun,
} from './service-machine.ts';

describe(`the installed service on a Linux machine${isDebian13 ? ' with Debian 13' : ''}`, () => {
  let folder: string;
  let service: ServiceRun;

  beforeAll(async () => {
    folder = await makeStationFolder();
    service = await runStation({ script: 'service.sh', folder });
  }, HOST_LIMIT_MS);
  afterAll(() => rm(folder, { recursive: true }));

  it('passes every check of test/vm/guest/service.sh, mast.sh and jobs.sh', () => {
    expectChecks(service, 'lives-through-steps', 'values-after-claim', 'removes-data');
  });

  it('loses no reading and reorders none', () => {
    expectNothingLost(service);
    expect(service.readings.length).toBeGreaterThan(80);
  });

  it('counts every tip of the rain gauge once', () => {
    expectEveryTip(service);
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

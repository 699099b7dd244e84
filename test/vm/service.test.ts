import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { debian13Disk } from './machine.ts';
import { describeService } from './service-suite.ts';

const isDebian13 = existsSync(debian13Disk);

describeService(`from its installation to its removal${isDebian13 ? ', on Debian 13' : ''}`, {
  rootDisk: isDebian13 ? debian13Disk : undefined,
  script: 'service.sh',
  lastCheck: 'removes-data',
  fewestReadings: 40,
  more: (result) => {
    it('says in systemctl status what it reads, what waits and how the link is', () => {
      expect(/STATUS (.*)/.exec(result().output)?.[1]).toMatch(/connected/);
    });

    it('exposes no more than 2.0 to systemd-analyze security', () => {
      const exposure = Number(/EXPOSURE .*: ([\d.]+)/.exec(result().output)?.[1]);

      expect(exposure).toBeGreaterThan(0);
      expect(exposure).toBeLessThanOrEqual(2);
    });
  },
});

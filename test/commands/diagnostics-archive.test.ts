import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  MAX_DIAGNOSTICS_BYTES,
  machineReport,
  maskSecrets,
  packDiagnostics,
  type RunProgram,
} from '../../src/commands/diagnostics.ts';

const KEY = `-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIFakeFakeFakeFakeFakeFakeFakeFakeFake
oAoGCCqGSM49AwEHoUQDQgAEFakeFakeFake
-----END EC PRIVATE KEY-----`;

describe('masking', () => {
  it('takes given secrets out of every text, keys included', () => {
    const masked = maskSecrets({ a: ['Bearer hunter2hunter2'], hunter2hunter2: { b: 'x' } }, [
      'hunter2hunter2',
    ]);

    expect(masked).toEqual({ a: ['Bearer (masked)'], '(masked)': { b: 'x' } });
  });

  it.each([
    ['in one text', KEY],
    ['in the lines of a journal', KEY.split('\n').map((line) => `Nov 28 mast weather-gateway[7]: ${line}`)],
    ['that was cut off', KEY.slice(0, 80)],
  ])('takes out a private key %s', (_, value) => {
    const masked = JSON.stringify(maskSecrets({ value }, []));

    expect(masked).toContain('(masked)');
    expect(masked).not.toMatch(/Fake/);
  });

  it.each([
    'http://user:sesame@proxy:3128',
    'CONNECT via http://user:sesame@proxy:3128 failed',
    'mqtts://a:sesame@b',
  ])('takes the password out of %s', (text) => {
    const masked = maskSecrets(text, []);

    expect(masked).toContain(':(masked)@');
    expect(masked).not.toContain('sesame');
  });

  it('takes out whatever a secret key holds, and leaves the rest', () => {
    expect(
      maskSecrets({ http: { token: 'abc', port: 8080 }, password: null, list: [1, true, null] }, []),
    ).toEqual({
      http: { token: '(masked)', port: 8080 },
      password: null,
      list: [1, true, null],
    });
  });
});

const report = (runProgram: RunProgram) =>
  machineReport({ unit: 'weather-gateway.service', directory: '/', journalLines: 100, runProgram });

describe('the report of the machine', () => {
  it('has the journal of the unit, boots, disks and what the kernel says of buses, supply and card', async () => {
    const calls: string[] = [];
    const { journal, boots, disks, kernel, system } = await report((program, args) => {
      calls.push([program, ...args].join(' '));
      if (args.includes('-k'))
        return Promise.resolve(
          'hwmon: Undervoltage detected!\nBluetooth: on\ni2c i2c-1: timeout\nmmc0: error -110\n',
        );
      return Promise.resolve(`${program} says\n`);
    });

    expect(journal).toEqual(['journalctl says']);
    expect(boots).toEqual(['journalctl says']);
    expect(disks).toEqual(['df says', 'lsblk says']);
    expect(kernel).toEqual(['hwmon: Undervoltage detected!', 'i2c i2c-1: timeout', 'mmc0: error -110']);
    expect(calls).toContain('journalctl -u weather-gateway.service -n 100 --no-pager -o short-iso');
    expect(system).toMatchObject({
      node: process.version,
      load: expect.any(Array),
      stateFreeBytes: expect.any(Number),
    });
  });

  it('says what it cannot read', async () => {
    const { journal, kernel } = await report((program) =>
      Promise.reject(new Error(`spawn ${program} ENOENT\n    at stack`)),
    );

    expect(journal).toEqual(['the journal cannot be had: spawn journalctl ENOENT']);
    expect(kernel).toEqual(["the kernel's messages cannot be had: spawn dmesg ENOENT"]);
  });
});

describe('packing', () => {
  const noise = (lines: number): string[] =>
    Array.from({ length: lines }, (_, index) => `${index} ${randomBytes(500).toString('hex')}`);

  it('is JSON in gzip', () => {
    const packed = packDiagnostics({ journal: ['a'], kernel: [], version: '1' });

    expect(JSON.parse(gunzipSync(packed).toString())).toEqual({ journal: ['a'], kernel: [], version: '1' });
  });

  it('leaves out the oldest lines of journal and kernel until it has at most 1 MB', () => {
    const journal = noise(4_000);
    const packed = packDiagnostics({ journal, kernel: ['k'] });
    const kept = JSON.parse(gunzipSync(packed).toString());

    expect(packed.length).toBeLessThanOrEqual(MAX_DIAGNOSTICS_BYTES);
    expect(kept.journal.length).toBeGreaterThan(0);
    expect(kept.journal.at(-1)).toBe(journal.at(-1));
    expect(kept.kernel).toEqual(['k']);
    expect(packDiagnostics({ journal: [], kernel: noise(4_000) }).length).toBeLessThanOrEqual(
      MAX_DIAGNOSTICS_BYTES,
    );
  });
});

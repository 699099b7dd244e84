import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Progress } from '../../src/measuring/progress.ts';
import { WorkingRelease } from '../../src/update/working-release.ts';
import { createRecordingLog } from '../fakes/log.ts';

describe('the proof that a release works', () => {
  let directory: string;
  let progress: Progress;
  let working: WorkingRelease;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'working-'));
    progress = new Progress({ monotonicMs: () => 0, intervalMs: 1_000 });
    const [release, version, bootId] = ['/opt/weather-gateway/1', '1.2.3', 'boot-1'];
    working = new WorkingRelease({
      directory,
      release,
      version,
      bootId,
      progress,
      log: createRecordingLog(),
    });
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('is written once it has sampled, stored and had a PUBACK, as update.sh looks for it', async () => {
    await working.noteDelivered();
    progress.noteSample();
    await working.noteDelivered();
    progress.noteUnstored('no room');
    await working.noteDelivered();
    expect(await readdir(directory)).toEqual([]);

    progress.noteStored();
    await working.noteDelivered();
    const text = await readFile(join(directory, 'working.json'), 'utf8');
    expect(text).toContain('"release":"/opt/weather-gateway/1"');
    expect(text).toContain('"bootId":"boot-1"');
    expect(await readdir(directory)).toEqual(['working.json']);
  });

  it('is tried again with the next PUBACK where it could not be written', async () => {
    progress.noteSample();
    progress.noteStored();
    await rm(directory, { recursive: true });
    await working.noteDelivered();
    await mkdir(directory);
    await working.noteDelivered();

    expect(await readdir(directory)).toEqual(['working.json']);
  });
});

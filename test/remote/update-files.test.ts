import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WorkingRelease } from '../../src/remote/update-files.ts';
import { createRecordingLog } from '../fakes/log.ts';

describe('the proof that a release works', () => {
  let directory: string;
  let working: WorkingRelease;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'working-'));
    const [release, version, bootId] = ['/opt/weather-gateway/1', '1.2.3', 'boot-1'];
    working = new WorkingRelease({
      directory,
      release,
      version,
      bootId,
      log: createRecordingLog(),
    });
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('is written as update.sh looks for it', async () => {
    await working.prove();
    const text = await readFile(join(directory, 'working.json'), 'utf8');
    expect(text).toContain('"release":"/opt/weather-gateway/1"');
    expect(text).toContain('"bootId":"boot-1"');
    expect(await readdir(directory)).toEqual(['working.json']);
  });

  it('is tried again with the next PUBACK where it could not be written', async () => {
    await rm(directory, { recursive: true });
    await working.prove();
    await mkdir(directory);
    await working.prove();

    expect(await readdir(directory)).toEqual(['working.json']);
  });
});

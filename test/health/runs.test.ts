import { describe, expect, it } from 'vitest';
import { beginRun, endRun } from '../../src/health/runs.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { openOutboxForTest } from '../fakes/outbox-bodies.ts';
import { createFakeDisk } from '../fakes/store.ts';

const setUp = async () => {
  const disk = createFakeDisk();
  const log = createRecordingLog();
  const outbox = await openOutboxForTest(disk.open(), { maxBytes: 1_000_000, mark: disk.mark });
  const begin = (bootId: string) => beginRun({ outbox, bootId, log });
  const end = (bootId: string) => endRun({ outbox, bootId, log });
  return { disk, log, outbox, begin, end };
};

describe('the runs of the daemon', () => {
  it('counts boots of the machine, and runs that nobody stopped', async () => {
    const { begin, end } = await setUp();
    expect(await begin('a')).toEqual({ boots: 1, uncleanShutdowns: 0 });
    await end('a');
    // A restart of the service.
    expect(await begin('a')).toEqual({ boots: 1, uncleanShutdowns: 0 });
    await end('a');
    expect(await begin('b')).toEqual({ boots: 2, uncleanShutdowns: 0 });
    // A power cut, and then the watchdog.
    expect(await begin('c')).toEqual({ boots: 3, uncleanShutdowns: 1 });
    expect(await begin('c')).toEqual({ boots: 3, uncleanShutdowns: 2 });
    await end('c');
    expect(await begin('c')).toEqual({ boots: 3, uncleanShutdowns: 2 });
  });

  it('begins anew where what was noted cannot be read', async () => {
    const { begin, outbox } = await setUp();
    await outbox.putState({ 'boot-count': 'many', 'unclean-shutdowns': -1, run: [] });

    expect(await begin('a')).toEqual({ boots: 1, uncleanShutdowns: 0 });
  });

  it('starts on a full disk', async () => {
    const { begin, disk, end } = await setUp();
    disk.setFull(true);

    expect(await begin('a')).toEqual({ boots: 1, uncleanShutdowns: 0 });
    await end('a');
  });
});

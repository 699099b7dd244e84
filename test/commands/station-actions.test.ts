import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stationActions } from '../../src/commands/station-actions.ts';
import { gatewaySchema } from '../../src/config/schema.ts';
import { createRecordingContext } from '../fakes/command-context.ts';
import { createRecordingLog } from '../fakes/log.ts';

const config = gatewaySchema.parse({
  station: { id: '1', name: 'Roof' },
  aws: {
    endpoint: 'abc-ats.iot.eu-central-1.amazonaws.com',
    certificate: '/nowhere.pem',
    privateKey: '/nowhere.key',
  },
  sensors: { bme280: {} },
});

const actionsIn = (environment: Parameters<typeof createRecordingContext>[0]) => {
  const levels: string[] = [];
  const restart = new AbortController();
  const actions = stationActions({
    config,
    configFile: '/nowhere.yaml',
    context: createRecordingContext(environment),
    bootId: 'a boot',
    log: { ...createRecordingLog(), setLevel: (level) => levels.push(level) },
    restart,
  });
  return { actions, levels, restart };
};

describe('what a job may do with the daemon', () => {
  it('restarts nothing that nobody would start again', () => {
    const { restart, reboot } = actionsIn({}).actions;

    expect(restart.hindrance).toContain('nobody would start it again');
    expect(reboot.hindrance).toContain('nobody would reboot the machine');
  });

  it('asks for a reboot by a file, and takes that back', async () => {
    const runtimeDirectory = await mkdtemp(join(tmpdir(), 'station-actions-'));
    const { reboot } = actionsIn({ runtimeDirectory }).actions;
    expect(reboot.hindrance).toBeNull();
    await reboot.begin();
    expect(await readdir(runtimeDirectory)).toEqual(['reboot']);
    await reboot.takeBack();
    expect(await readdir(runtimeDirectory)).toEqual([]);
    await rm(runtimeDirectory, { recursive: true });
  });

  it('ends the daemon for a restart, and changes the level of its log', () => {
    const { actions, levels, restart } = actionsIn({ notifySocket: '/run/systemd/notify' });
    actions.setLogLevel('debug');
    expect(actions.restart.hindrance).toBeNull();
    actions.restart.begin();

    expect(restart.signal.aborted).toBe(true);
    expect(levels).toEqual(['debug']);
    expect(actions.configuredLogLevel).toBe('info');
  });

  it('uploads to no host but a bucket of the region', () => {
    const { actions } = actionsIn({});

    expect(actions.judgeBucketUrl('https://example.org/report')).not.toBeNull();
  });
});

import type { StationActions } from '../../src/remote/station-verbs.ts';

export type FakeStationActions = StationActions & {
  /** What was done, in order. */
  readonly calls: string[];
};

/** A station on which whatever a job asks works; a test changes what it is about. */
export const createFakeStationActions = (changes: Partial<StationActions> = {}): FakeStationActions => {
  const calls: string[] = [];
  return {
    calls,
    bootId: 'boot-1',
    runId: 'run-1',
    version: '1.2.3',
    configuredLogLevel: 'info',
    setLogLevel: (level) => void calls.push(`log level ${level}`),
    doctor: () => {
      calls.push('doctor');
      return Promise.resolve([
        { name: 'clock', isPassed: true, detail: 'synchronized', remedy: null },
        { name: 'disk', isPassed: false, detail: '3 MB free', remedy: 'free disk space' },
      ]);
    },
    diagnostics: () => Promise.resolve(Buffer.from('the bundle')),
    judgeBucketUrl: () => null,
    upload: (url, content) => {
      calls.push(`upload ${content.length} bytes to ${url}`);
      return Promise.resolve();
    },
    restart: { hindrance: null, begin: () => void calls.push('restart') },
    reboot: {
      hindrance: null,
      begin: () => Promise.resolve(void calls.push('reboot')),
      takeBack: () => Promise.resolve(void calls.push('no reboot')),
    },
    ...changes,
  };
};

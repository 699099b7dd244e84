import type { Installer } from '../../src/remote/station-update.ts';
import type { StationActions } from '../../src/remote/station-verbs.ts';
import type { SignedRelease, UpdateResult } from '../../src/remote/update-files.ts';
import { parseManifest } from '../../src/remote/verbs.ts';

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
    updates: {
      installer: new FakeInstaller(),
      folder: '/nonexistent',
      getRange: () => Promise.reject(new Error('no bucket')),
      architecture: 'linux-arm64',
      nodeAbi: 115,
    },
    ...changes,
  };
};

/** The unit of root, and what it says: nothing until a test tells it to. */
export class FakeInstaller implements Installer {
  readonly handedOver: (SignedRelease & { readonly id: string })[] = [];
  readonly results = new Map<string, UpdateResult>();
  problem: string | null = null;
  trial = false;
  request: string | null = null;

  hindrance(): string | null {
    return this.problem;
  }

  isOnTrial(): boolean {
    return this.trial;
  }

  waiting(): Promise<string | null> {
    return Promise.resolve(this.request);
  }

  handOver(id: string, release: SignedRelease): Promise<boolean> {
    if (this.request !== null) return Promise.resolve(false);
    this.request = id;
    this.handedOver.push({ id, ...release });
    return Promise.resolve(true);
  }

  takeBack(): Promise<void> {
    this.request = null;
    return Promise.resolve();
  }

  result(id: string): Promise<UpdateResult | null> {
    return Promise.resolve(this.results.get(id) ?? null);
  }

  /** As update.sh writes it, of the release that was handed over last. */
  say(state: UpdateResult['state'], step: string, reason: string | null = null): void {
    const last = this.handedOver.at(-1);
    if (last === undefined) throw new Error('nothing was handed over');
    this.request = null;
    const version = parseManifest(last.manifest)?.version ?? null;
    this.results.set(last.id, { id: last.id, version, state, step, reason });
  }
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Outbox } from '../../src/outbox/outbox.ts';
import { recordLanes } from '../../src/outbox/records.ts';
import { type LedgerMark, openLedgerMark } from '../../src/outbox/stored-ledger.ts';
import { createDatabase, LevelStore } from '../../src/store/level-store.ts';
import type { Store } from '../../src/store/store.ts';
import { openOutboxForTest } from '../fakes/outbox-bodies.ts';
import { createFakeDisk } from '../fakes/store.ts';
import { Bookkeeper } from './bookkeeper.ts';

const MAX_BYTES = 6_000;

type Disk = {
  readonly mark: LedgerMark;
  readonly open: () => Promise<Store>;
  readonly setFull: (isFull: boolean) => void;
  /** Of what was not synced, the oldest `keep` changes survive. */
  readonly crash: (keep: number) => Promise<void>;
  /** Spoils a stored record, or one of the entries of the ledger; the number picks which. */
  readonly spoil: (what: 'record' | 'ledger', pick: number) => void;
};

type Step = (run: { outbox: Outbox; readonly books: Bookkeeper; readonly disk: Disk }) => Promise<void>;
type NamedStep = { readonly name: string; readonly step: Step };

const lane = fc.constantFrom(...recordLanes);
const named = (name: string, step: Step): NamedStep => ({ name, step });

const openOn = async ({ open, mark }: Disk): Promise<Outbox> =>
  openOutboxForTest(await open(), { maxBytes: MAX_BYTES, mark });

const reopen: Step = async (run) => {
  run.outbox = await openOn(run.disk);
};

const commonSteps = [
  fc
    .record({ lane, count: fc.integer({ min: 1, max: 8 }) })
    .map(({ lane, count }) =>
      named(`append ${count} to ${lane}`, ({ outbox, books }) => books.append(outbox, lane, count)),
    ),
  fc
    .record({ lane, count: fc.integer({ min: 1, max: 10 }), accepted: fc.nat(10) })
    .map(({ lane, count, accepted }) =>
      named(`deliver ${count} of ${lane}, ${accepted} of them accepted`, ({ outbox, books }) =>
        books.deliver(outbox, lane, count, accepted),
      ),
    ),
  fc.constant(named('deliver a gap', ({ outbox, books }) => books.deliverGap(outbox))),
  lane.map((lane) =>
    named(`dead-letter the oldest of ${lane}`, ({ outbox, books }) => books.deadLetter(outbox, lane)),
  ),
  fc.constant(
    named('restart', async (run) => {
      await run.outbox.close();
      // LevelDB cannot be opened on a full disk either.
      run.disk.setFull(false);
      await reopen(run);
    }),
  ),
];

const fakeSteps = [
  fc
    .boolean()
    .map((isFull) =>
      named(`disk ${isFull ? 'full' : 'has room'}`, ({ disk }) => Promise.resolve(disk.setFull(isFull))),
    ),
  fc.nat(6).map((keep) =>
    named(`power cut, ${keep} unsynced changes kept`, async (run) => {
      run.disk.setFull(false);
      await run.disk.crash(keep);
      await reopen(run);
    }),
  ),
  fc.record({ what: fc.constantFrom('record', 'ledger'), pick: fc.nat(30) }).map(({ what, pick }) =>
    named(`spoil ${what} ${pick}`, ({ disk }) => {
      disk.setFull(false);
      return Promise.resolve(disk.spoil(what, pick));
    }),
  ),
];

/** More of them by `MODEL_PROGRAMS=4000`, when the outbox itself is changed. */
const PROGRAMS = Number(process.env['MODEL_PROGRAMS'] ?? 400);
const LIMIT_MS = 150 * Math.max(400, PROGRAMS);

/** A run that is cut short has shown nothing. */
const allOf = (numRuns: number) =>
  ({ numRuns, interruptAfterTimeLimit: LIMIT_MS, markInterruptAsFailure: true }) as const;

const program = (steps: readonly fc.Arbitrary<NamedStep>[]) =>
  fc.array(fc.oneof(...steps), { minLength: 1, maxLength: 40 });

const play = async (disk: Disk, steps: readonly NamedStep[]): Promise<void> => {
  const run = {
    outbox: await openOn(disk),
    books: new Bookkeeper(),
    disk,
  };
  for (const { step } of steps) {
    await step(run);
    run.books.check(run.outbox.stats(), MAX_BYTES);
  }
  disk.setFull(false);
  await run.books.deliverAll(run.outbox);
  expect(run.books.unaccounted()).toEqual([]);
  expect(run.books.complaints).toEqual([]);
  await run.outbox.close();
};

const fakeDisk = (): Disk => {
  const disk = createFakeDisk();
  return {
    open: () => Promise.resolve(disk.open()),
    mark: disk.mark,
    setFull: disk.setFull,
    crash: (keep) => Promise.resolve(disk.cutPower(keep)),
    spoil: (what, pick) => {
      const pattern = what === 'record' ? /^outbox\/(reading|prealert)\// : /^outbox\/ledger/;
      const keys = disk.keys().filter((key) => pattern.test(key));
      const key = keys[pick % Math.max(1, keys.length)];
      if (key !== undefined) disk.tamper(key, (value) => (pick % 3 === 0 ? null : `${value}x`));
    },
  };
};

describe('the outbox against a simple model', () => {
  it('accounts for every record on a disk that fills, loses power and goes bad', async () => {
    await fc.assert(
      fc.asyncProperty(program([...commonSteps, ...fakeSteps]), (steps) => play(fakeDisk(), steps)),
      allOf(PROGRAMS),
    );
  });

  it('does the same on LevelDB', async () => {
    await fc.assert(
      fc.asyncProperty(program(commonSteps), async (steps) => {
        const directory = await mkdtemp(join(tmpdir(), 'model-'));
        const database = createDatabase(directory);
        const never = (): never => {
          throw new Error('not on LevelDB');
        };
        try {
          await play(
            {
              mark: openLedgerMark(join(directory, 'high-water')),
              open: async () => {
                await database.close();
                await database.open();
                return new LevelStore(database);
              },
              setFull: () => undefined,
              crash: never,
              spoil: never,
            },
            steps,
          );
        } finally {
          await database.close();
          await rm(directory, { recursive: true });
        }
      }),
      allOf(30),
    );
  });
});

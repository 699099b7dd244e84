import { expect, it } from 'vitest';
import { findLedger } from '../../src/outbox/find-ledger.ts';
import type { RecordLane } from '../../src/outbox/records.ts';
import { acceptUpTo, isConserved, openOutboxForTest, waitingIn } from '../fakes/outbox-bodies.ts';
import { createFakeDisk, type FakeDisk } from '../fakes/store.ts';

const epochs = ['A', 'B', 'C'].map((letter) => letter.repeat(26));
const [first, second, third] = epochs;

/** Three epochs, of which the second has no reading; what waits begins within the first. */
const fill = async (disk: FakeDisk): Promise<void> => {
  const plan: (readonly [RecordLane, number])[][] = [
    [
      ['reading', 4],
      ['prealert', 2],
    ],
    [['prealert', 3]],
    [['reading', 2]],
  ];
  for (const [index, lanes] of plan.entries()) {
    const outbox = await openOutboxForTest(disk.open(), { maxBytes: 100_000, epoch: epochs[index] });
    for (const [lane, count] of lanes)
      for (let each = 1; each <= count; each += 1) await outbox.append(lane, `${index} ${each}`);
    if (index === 0) await acceptUpTo(outbox, 'reading', 2);
    await outbox.close();
  }
};

const removeLedger = (disk: FakeDisk): void => {
  for (const key of disk.keys().filter((name) => name.startsWith('outbox/ledger')))
    disk.tamper(key, () => null);
};

it('begins every epoch again where ledger and mark are gone', async () => {
  const disk = createFakeDisk();
  await fill(disk);
  removeLedger(disk);

  const outbox = await openOutboxForTest(disk.open(), { maxBytes: 100_000 });
  const last = await outbox.append('reading', 'new');

  expect(await waitingIn(outbox, 'reading')).toEqual([
    { epoch: first, seq: 3, body: '0 3' },
    { epoch: first, seq: 4, body: '0 4' },
    { epoch: third, seq: 1, body: '2 1', previous: { epoch: first, seq: 4 } },
    { epoch: third, seq: 2, body: '2 2' },
    { epoch: last.epoch, seq: 1, body: 'new', previous: { epoch: third, seq: 2 } },
  ]);
  expect(await waitingIn(outbox, 'prealert')).toEqual(
    [
      [first, 1, '0 1'],
      [first, 2, '0 2'],
      [second, 1, '1 1'],
      [second, 2, '1 2'],
      [second, 3, '1 3'],
    ].map(([epoch, seq, body]) => ({ epoch, seq, body })),
  );
  expect(outbox.stats().totals).toEqual({ accepted: 10, delivered: 0, setAside: 0, givenUp: 0 });
  await acceptUpTo(outbox, 'reading', 10);
  await acceptUpTo(outbox, 'prealert', 10);
  expect(outbox.stats().lanes).toMatchObject({
    reading: { waiting: 0, waitingBytes: 0 },
    prealert: { waiting: 0, waitingBytes: 0 },
  });
  expect(isConserved(outbox.stats())).toBe(true);
  expect(outbox.gaps()).toEqual([]);
});

it('counts damaged records at the end of an earlier epoch, so that a gap names them', async () => {
  const disk = createFakeDisk();
  await fill(disk);
  removeLedger(disk);
  const newest = disk.keys().findLast((key) => key.includes(`reading/000001-${first}`)) ?? '';
  disk.tamper(newest, (value) => `${value}x`);

  const outbox = await openOutboxForTest(disk.open(), { maxBytes: 100_000 });
  for (let round = 0; round < 3; round += 1) await acceptUpTo(outbox, 'reading', 10);

  expect(outbox.gaps()).toMatchObject([{ epoch: first, fromseq: 4, toseq: 4, reason: 'damaged' }]);
});

it('finds nothing in an empty store', async () => {
  expect(await findLedger(createFakeDisk().open(), null)).toBeNull();
});

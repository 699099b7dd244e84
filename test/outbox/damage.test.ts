import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closeOutbox, type OpenedOutbox } from '../../src/outbox/open-outbox.ts';
import { DamageFixture, noFaults, seeds } from './damage-fixture.ts';

const damagedFiles: [name: string, pattern: RegExp][] = [
  ['the log', /\.log$/],
  ['the manifest', /^MANIFEST/],
  ['CURRENT', /^CURRENT$/],
];

/** Goes on appending, delivers everything and checks that every reading came out or is told of. */
const expectAccounted = async (fixture: DamageFixture): Promise<OpenedOutbox> => {
  const opened = await fixture.open();
  await fixture.books.append(opened.outbox, 'reading', 5);
  await fixture.books.deliverAll(opened.outbox);
  expect(fixture.faults()).toEqual(noFaults);
  return opened;
};

describe.each(seeds(8))('an outbox damaged at the places of seed %i', (seed) => {
  let fixture: DamageFixture;

  beforeEach(async () => {
    fixture = await DamageFixture.create(seed);
    await fixture.fill();
  });
  afterEach(() => fixture.remove());

  it.each(damagedFiles)('accounts for every reading when bits of %s flip', async (_, pattern) => {
    await fixture.flipBits(pattern, 3);

    await closeOutbox(await expectAccounted(fixture));
  });

  it.each(damagedFiles)('accounts for every reading when %s is cut short', async (_, pattern) => {
    await fixture.cutShort(pattern);

    await closeOutbox(await expectAccounted(fixture));
  });
});

describe('an outbox whose files are missing', () => {
  let fixture: DamageFixture;
  let epoch: string;

  beforeEach(async () => {
    fixture = await DamageFixture.create();
    epoch = await fixture.fill();
  });
  afterEach(() => fixture.remove());

  it.each([...damagedFiles, ['a table', /\.ldb$/], ['everything', /./]] satisfies [string, RegExp][])(
    'says so when %s is gone',
    async (_, pattern) => {
      for (const path of await fixture.files(pattern)) await rm(path);

      const opened = await expectAccounted(fixture);

      expect(opened.outbox.epoch).not.toBe(epoch);
      expect(fixture.log.lines('error')).not.toEqual([]);
      await closeOutbox(opened);
    },
  );

  it.each(['000000.log', '0.log', '000000.ldb', 'MANIFEST-000000', '18446744073709551615.log'])(
    'passes over a stray %s, and says so',
    async (name) => {
      await writeFile(join(fixture.location, name), 'no file of LevelDB');

      const opened = await expectAccounted(fixture);

      expect(opened.report).toEqual({ outcome: 'repaired', cause: `${name} is no file of the database` });
      await closeOutbox(opened);
      const again = await fixture.open();
      expect(again.report).toEqual({ outcome: 'whole' });
      await closeOutbox(again);
    },
  );

  it.each(['gone', 'garbage', 'empty'])('opens with a damaged log and a mark that is %s', async (mark) => {
    const file = join(fixture.directory, 'high-water');
    await fixture.flipBits(/\.log$/, 3);
    if (mark === 'gone') await rm(file);
    if (mark === 'garbage') await writeFile(file, randomBytes(2_000));
    if (mark === 'empty') await writeFile(file, '');

    const opened = await fixture.open();

    expect(opened.report).toMatchObject({ outcome: 'repaired' });
    await fixture.books.deliverAll(opened.outbox);
    expect(fixture.books.complaints).toEqual([]);
    await closeOutbox(opened);
  });

  it('moves a store aside that cannot be repaired, starts afresh and says where the old one is', async () => {
    // A repair cannot put its file where a directory lies.
    await rm(join(fixture.location, 'CURRENT'));
    await mkdir(join(fixture.location, 'CURRENT'));

    const opened = await expectAccounted(fixture);

    expect(opened.report).toMatchObject({ outcome: 'replaced' });
    expect(opened.outbox.epoch).not.toBe(epoch);
    expect(await readdir(fixture.directory)).toContain('damaged-2026-06-01T12-00-00');
    await closeOutbox(opened);
  });
});

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { gapSchema } from '../../src/outbox/gap.ts';
import { lanes } from '../../src/outbox/records.ts';
import { DamageFixture, noFaults, seeds } from '../outbox/damage-fixture.ts';

const deliveredSchema = z.object({
  lane: z.enum(lanes),
  epoch: z.string(),
  seq: z.int(),
  body: z.json(),
});

/** As systemd does: starts it again until it ends by itself. */
const STARTS = 6;

const drainChild = fileURLToPath(new URL('../outbox/drain-child.ts', import.meta.url));

/** A damaged table can make LevelDB abort the process, so each start is a process of its own. */
const drainAsService = (fixture: DamageFixture): number => {
  for (let start = 1; start <= STARTS; start += 1) {
    const { status, stdout } = spawnSync(
      process.execPath,
      ['--import', 'tsx', drainChild, fixture.directory],
      { encoding: 'utf8' },
    );
    for (const line of stdout.split('\n').filter((text) => text.endsWith('}'))) {
      const { lane, ...record } = deliveredSchema.parse(JSON.parse(line));
      if (lane === 'gap') fixture.books.receiveGap(gapSchema.parse(record.body));
      else fixture.books.receive(lane, [record]);
    }
    if (status === 0) return start;
  }
  return Number.POSITIVE_INFINITY;
};

describe.each(seeds(5))('an outbox with a table damaged at the places of seed %i', (seed) => {
  let fixture: DamageFixture;

  beforeEach(async () => {
    fixture = await DamageFixture.create(seed);
    await fixture.fill();
  });
  afterEach(() => fixture.remove());

  it('accounts for every reading when bits flip', { timeout: 60_000 }, async () => {
    await fixture.flipBits(/\.ldb$/, 3);

    expect(drainAsService(fixture)).toBeLessThanOrEqual(STARTS);
    expect(fixture.faults()).toEqual(noFaults);
  });

  it('accounts for every reading when it is cut short', { timeout: 60_000 }, async () => {
    await fixture.cutShort(/\.ldb$/);

    expect(drainAsService(fixture)).toBeLessThanOrEqual(STARTS);
    expect(fixture.faults()).toEqual(noFaults);
  });
});

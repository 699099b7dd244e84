import { afterAll, describe, expect, it } from 'vitest';
import { DamageFixture, drainAsService, noFaults, seeds } from '../outbox/damage-fixture.ts';

const STORES = 200;

type Damage = (fixture: DamageFixture) => Promise<void>;

const damages: readonly (readonly [name: string, damage: Damage])[] = [
  ['bits of a table flip', (fixture) => fixture.flipBits(/\.ldb$/, 3)],
  ['a table is cut short', (fixture) => fixture.cutShort(/\.ldb$/)],
  ['bits of the log flip', (fixture) => fixture.flipBits(/\.log$/, 3)],
  ['the log is cut short', (fixture) => fixture.cutShort(/\.log$/)],
  ['bits of any file flip', (fixture) => fixture.flipBits(/^(\d+\.(ldb|log)|MANIFEST-\d+|CURRENT)$/, 5)],
];

const cases = damages.flatMap(([name, damage], kind) =>
  seeds(STORES)
    .filter((_, index) => index % damages.length === kind)
    .map((seed) => ({ seed, name, damage })),
);

describe(`${STORES} damaged stores`, () => {
  const starts = new Map<number | null, number>();
  afterAll(() => console.info(`starts that the stores took: ${JSON.stringify([...starts])}`));

  it.each(cases)(
    'accounts for every reading at the places of seed $seed where $name',
    {
      timeout: 60_000,
    },
    async ({ seed, damage }) => {
      const fixture = await DamageFixture.create(seed);
      try {
        await fixture.fill();
        await damage(fixture);
        const took = drainAsService(fixture);
        starts.set(took, (starts.get(took) ?? 0) + 1);
        expect(took).not.toBeNull();
        expect(fixture.faults()).toEqual(noFaults);
      } finally {
        await fixture.remove();
      }
    },
  );
});

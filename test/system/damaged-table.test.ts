import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DamageFixture, drainAsService, noFaults, seeds } from '../outbox/damage-fixture.ts';

describe.each(seeds(5))('an outbox with a table damaged at the places of seed %i', (seed) => {
  let fixture: DamageFixture;

  beforeEach(async () => {
    fixture = await DamageFixture.create(seed);
    await fixture.fill();
  });
  afterEach(() => fixture.remove());

  it('accounts for every reading when bits flip', async () => {
    await fixture.flipBits(/\.ldb$/, 3);

    expect(drainAsService(fixture)).not.toBeNull();
    expect(fixture.faults()).toEqual(noFaults);
  });

  it('accounts for every reading when it is cut short', async () => {
    await fixture.cutShort(/\.ldb$/);

    expect(drainAsService(fixture)).not.toBeNull();
    expect(fixture.faults()).toEqual(noFaults);
  });
});

import { describe, expect, it } from 'vitest';
import type { Batch } from '../../src/outbox/batch.ts';
import type { JsonValue } from '../../src/outbox/records.ts';
import { OutgoingMessages } from '../../src/uplink/outgoing.ts';
import { topicsOf } from '../../src/weather/message.ts';
import { measurementAt } from '../fakes/measurements.ts';
import { batchOf } from '../fakes/outbox-bodies.ts';

const messages = new OutgoingMessages({
  deviceid: '1',
  topics: topicsOf('weather', '1'),
  stampOf: (at) => ({ wallMs: at.wallMs, timequality: 'synced' }),
});

const batchFrom = (from: number, ...bodies: readonly JsonValue[]): Batch =>
  batchOf(
    'reading',
    bodies.map((body, index) => ({ epoch: 'epoch-1', seq: from + index, body })),
  );
const wish = { isOnlyOne: true, maxBytes: 100_000, isHeld: () => false };

describe('outgoing messages', () => {
  it('carry every reading they stand for, also one that was appended while the head was looked up', () => {
    const next = messages.readings(batchFrom(1, measurementAt(1), measurementAt(2)), wish);

    expect(next).toMatchObject({
      kind: 'send',
      outgoing: { topic: 'weather/1/backlog', batch: { count: 2 } },
    });
    const { readings } = JSON.parse(next.kind === 'send' ? next.outgoing.payload : '');
    expect(readings).toMatchObject([{ seq: 1 }, { seq: 2 }]);
  });

  it('stop before the first reading that waits for the clock', () => {
    const isHeld = (): boolean => true;

    expect(messages.readings(batchFrom(1, measurementAt(1)), { ...wish, isHeld })).toEqual({ kind: 'held' });
  });

  it('stop before a reading that cannot be read, and name it once it is the first', () => {
    const behind = messages.readings(batchFrom(1, measurementAt(1), null), wish);
    const first = messages.readings(batchFrom(2, null, measurementAt(3)), wish);

    expect(behind).toMatchObject({ outgoing: { batch: { count: 1, records: [{ seq: 1 }] } } });
    expect(first).toMatchObject({
      kind: 'unsendable',
      unsendable: { batch: { count: 1, records: [{ seq: 2 }] } },
    });
  });
});

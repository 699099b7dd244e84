import { describe, expect, it } from 'vitest';
import type { OutboxRecord } from '../../src/outbox/outbox.ts';
import { OutgoingMessages } from '../../src/uplink/outgoing.ts';
import { topicsOf } from '../../src/weather/message.ts';
import { measurementAt } from '../fakes/measurements.ts';

const messages = new OutgoingMessages({
  deviceid: '1',
  topics: topicsOf('weather', '1'),
  stampOf: (at) => ({ wallMs: at.wallMs, timequality: 'synced' }),
});

const record = (seq: number): OutboxRecord => ({ epoch: 'epoch-1', seq, body: measurementAt(seq) });
const wish = { isOnlyOne: true, maxBytes: 100_000, isHeld: () => false };

describe('outgoing messages', () => {
  it('carry every reading they stand for, also one that was appended while the head was looked up', () => {
    const next = messages.readings([record(1), record(2)], wish);

    expect(next).toMatchObject({
      kind: 'send',
      outgoing: { topic: 'weather/1/backlog', upTo: { seq: 2 }, count: 2 },
    });
    const { readings } = JSON.parse(next.kind === 'send' ? next.outgoing.payload : '');
    expect(readings).toMatchObject([{ seq: 1 }, { seq: 2 }]);
  });

  it('stop before the first reading that waits for the clock', () => {
    const isHeld = (): boolean => true;

    expect(messages.readings([record(1)], { ...wish, isHeld })).toEqual({ kind: 'held' });
  });

  it('stop before a reading that cannot be read, and name it once it is the first', () => {
    const broken: OutboxRecord = { epoch: 'epoch-1', seq: 2, body: null };

    expect(messages.readings([record(1), broken], wish)).toMatchObject({ outgoing: { upTo: { seq: 1 } } });
    expect(messages.readings([broken, record(3)], wish)).toMatchObject({
      kind: 'unsendable',
      unsendable: { position: { seq: 2 } },
    });
  });
});

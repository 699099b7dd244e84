import { describe, expect, it } from 'vitest';
import type { Outbox } from '../../src/outbox/outbox.ts';
import {
  PreAlertRunner,
  type PreAlertStatus,
  savedPreAlerts,
} from '../../src/pre-alerts/pre-alert-runner.ts';
import { createPreAlerts, type PreAlerts } from '../../src/pre-alerts/pre-alerts.ts';
import { StorageFullError } from '../../src/store/store.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { measurementAt } from '../fakes/measurements.ts';
import { openOutboxForTest, waitingIn } from '../fakes/outbox-bodies.ts';
import { heatRule } from '../fakes/pre-alert-rules.ts';
import { createFakeDisk } from '../fakes/store.ts';

const createRecordingOutputs = () => {
  const shown: string[] = [];
  const outputs = {
    show: (rules: readonly Pick<PreAlertStatus, 'rule' | 'state'>[]) => {
      shown.push(rules.map(({ rule, state }) => `${rule} ${state}`).join());
      return Promise.resolve();
    },
    statusOf: () => ({ gpio: 17, state: 'on' as const }),
  };
  return { shown, outputs };
};

const openDesk = async (outbox: Outbox) => {
  const log = createRecordingLog();
  const restored = await savedPreAlerts(outbox);
  const preAlerts = createPreAlerts({ rules: [heatRule()], intervalMs: 12_000, restored });
  const { shown, outputs } = createRecordingOutputs();
  return { log, shown, preAlertRunner: new PreAlertRunner({ preAlerts, outputs, outbox, log }) };
};

const eventsIn = async (outbox: Outbox): Promise<unknown[]> =>
  (await waitingIn(outbox, 'prealert')).map(({ body }) => body);

const setUp = async () => {
  const disk = createFakeDisk();
  const outbox = await openOutboxForTest(disk.open(), { maxBytes: 1_000_000 });
  return { disk, outbox, ...(await openDesk(outbox)) };
};

/** An outbox that keeps nothing in memory any more while it is full. */
const fillable = (outbox: Outbox) => {
  const append: Outbox['append'] = (...args) =>
    filled.isFull ? Promise.reject(new StorageFullError('too much is kept')) : outbox.append(...args);
  const filled = { isFull: false, append };
  return filled;
};

/** More than rules ever would: chatter and floods are held down where they arise. */
const raisingEveryTime = (): PreAlerts => {
  const evaluating = createPreAlerts({ rules: [heatRule()], intervalMs: 12_000, restored: undefined });
  const { steps } = evaluating.evaluate(measurementAt(0, { temperature: 36 }));
  return { ...evaluating, evaluate: (measurement) => ({ ...evaluating.evaluate(measurement), steps }) };
};

describe('the pre-alert preAlertRunner', () => {
  it('puts what the rules decide into the alert lane, into the log, onto the output lines', async () => {
    const { outbox, preAlertRunner, log, shown } = await setUp();

    await preAlertRunner.decide(measurementAt(12, { temperature: 34 }));
    await preAlertRunner.decide(measurementAt(24, { temperature: 36 }));

    expect(await eventsIn(outbox)).toMatchObject([{ rule: 'heat', transition: 'raised', value: 36 }]);
    expect(log.lines('warn')).toMatchObject([{ rule: 'heat', transition: 'raised', severity: 'warning' }]);
    expect(preAlertRunner.status()).toMatchObject([
      { rule: 'heat', state: 'active', output: { gpio: 17, state: 'on' } },
    ]);
    expect(shown).toEqual(['heat normal', 'heat active']);
    expect(preAlertRunner.derived()).not.toBeNull();
  });

  it('neither raises again nor forgets after a power cut', async () => {
    const { disk, preAlertRunner } = await setUp();
    await preAlertRunner.decide(measurementAt(24, { temperature: 36 }));

    disk.cutPower();
    const outbox = await openOutboxForTest(disk.open(), { maxBytes: 1_000_000 });
    const { preAlertRunner: restarted } = await openDesk(outbox);
    await restarted.decide(measurementAt(36, { temperature: 36 }));
    await restarted.decide(measurementAt(48, { temperature: 30 }));

    expect(await eventsIn(outbox)).toMatchObject([{ transition: 'raised' }, { transition: 'cleared' }]);
  });

  it('holds events while the disk is full, and keeps no state that knows of them', async () => {
    const { outbox } = await setUp();
    const filled = fillable(outbox);
    const preAlertRunner = new PreAlertRunner({
      preAlerts: createPreAlerts({ rules: [heatRule()], intervalMs: 12_000, restored: undefined }),
      ...createRecordingOutputs(),
      outbox: filled,
      log: createRecordingLog(),
    });
    await preAlertRunner.decide(measurementAt(12, { temperature: 30 }));
    const before = preAlertRunner.stateToKeep();
    filled.isFull = true;

    await preAlertRunner.decide(measurementAt(24, { temperature: 36 }));
    expect(preAlertRunner.stateToKeep()).toEqual(before);

    filled.isFull = false;
    await preAlertRunner.decide(measurementAt(36, { temperature: 36 }));
    expect(await eventsIn(outbox)).toMatchObject([{ transition: 'raised' }]);
    expect(preAlertRunner.stateToKeep()).not.toEqual(before);
  });

  it('gives up the oldest of very many events, and says so', async () => {
    const disk = createFakeDisk();
    const outbox = await openOutboxForTest(disk.open(), { maxBytes: 1_000_000 });
    const filled = fillable(outbox);
    const log = createRecordingLog();
    const preAlertRunner = new PreAlertRunner({
      preAlerts: raisingEveryTime(),
      ...createRecordingOutputs(),
      outbox: filled,
      log,
    });
    filled.isFull = true;
    for (let turn = 0; turn < 102; turn += 1) await preAlertRunner.decide(measurementAt(12 * turn));
    expect(log.lines('error')).toMatchObject([{ events: 1 }, { events: 1 }]);

    filled.isFull = false;
    await preAlertRunner.decide(measurementAt(12 * 102));

    expect(await waitingIn(outbox, 'prealert')).toHaveLength(101);
  });

  it('does not hide a bug', async () => {
    const outbox = { append: () => Promise.reject(new Error('a bug')) };
    const preAlerts = createPreAlerts({ rules: [heatRule()], intervalMs: 12_000, restored: undefined });
    const preAlertRunner = new PreAlertRunner({
      preAlerts,
      outbox,
      ...createRecordingOutputs(),
      log: createRecordingLog(),
    });

    await expect(preAlertRunner.decide(measurementAt(12, { temperature: 36 }))).rejects.toThrow('a bug');
  });
});

import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { readRecording } from '../../src/replay/recording.ts';
import { Replay } from '../../src/replay/replay.ts';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** What quality control and the shipped rules make of a record. */
const replayed = async (name: string) => {
  const { config } = await loadConfig(path('../../config/gateway.yaml'));
  if (config === undefined) throw new Error('config/gateway.yaml has problems');
  const replay = new Replay(config);
  const events: string[] = [];
  const file = path(`records/${name}.csv`);
  const note = (outcomes: ReturnType<Replay['take']>) => {
    for (const outcome of outcomes) {
      if ('event' in outcome)
        events.push(`${outcome.event.rule} ${outcome.event.transition} ${outcome.event.severity}`);
    }
  };
  for await (const piece of readRecording(file, {}, Readable.from([]))) {
    if ('items' in piece) note(replay.take({ file, items: piece.items }));
  }
  note(replay.end());
  const summary = replay.summary([]);
  const quantities = Object.entries(summary.quantities);
  const flags = quantities.flatMap(([quantity, { flags: found }]) =>
    Object.entries(found).map(([flag, count]) => ({ flag: `${quantity} ${flag}`, count })),
  );
  const values = quantities.reduce((sum, [, each]) => sum + each.values, 0);
  const flagged = flags.reduce((sum, { count }) => sum + count, 0);
  return { events, flags, perThousand: (1000 * flagged) / values };
};

describe('of a real record in which every value is sound', () => {
  it.each([
    'lanyu-typhoon',
    'sgp-saturated-night',
    'bnf-storm',
    'midc-quiet-pressure',
    'aegeri-foehn',
    'ndbc-coarse-steps',
    'ship-southern-ocean',
    'alamosa-winter',
    'laguardia-storm',
    'viejas-heat',
  ])('%s hardly a value is flagged, and no instrument is called faulty', async (name) => {
    const { events, flags, perThousand } = await replayed(name);

    expect(perThousand, JSON.stringify(flags)).toBeLessThan(0.5);
    expect(events.filter((event) => event.startsWith('sensor-fault'))).toEqual([]);
    expect(flags.filter(({ flag }) => flag.includes('failed'))).toEqual([]);
  });

  it('a typhoon raises the alert on gusts', async () => {
    expect((await replayed('lanyu-typhoon')).events).toContain('gust escalated alert');
  });
});

describe('of a real record with a fault', () => {
  it('a wind of 1,687 km/h fails, and nothing else', async () => {
    const { flags } = await replayed('newark-wind-spike');

    expect(flags).toEqual([{ flag: 'windintensity failed:range', count: 1 }]);
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { capacityFor, READING_BYTES } from '../../../cloud/stack/capacity.ts';
import { costOf, costTable, profileTable, totalOf } from '../../../cloud/stack/cost.ts';
import { profiles } from '../../../cloud/stack/profiles.ts';
import type { ReadingMessage } from '../../../src/weather/message.ts';

const at = (stations: number) => capacityFor({ stations, intervalSeconds: 12 });

describe('the capacity model', () => {
  it('gives one station the smallest of everything', () => {
    expect(at(1)).toMatchObject({
      ...{ readingsShards: 1, alertsShards: 1, flinkUnits: 1, redshiftProcessingUnits: 4, quotas: [] },
    });
  });

  it('gives a thousand stations the smallest still: 83 readings a second', () => {
    expect(at(1000)).toMatchObject({
      ...{ readingsShards: 1, alertsShards: 1, flinkUnits: 1, redshiftProcessingUnits: 4, quotas: [] },
    });
    expect(at(1000).readingsPerSecond).toBeCloseTo(83.3, 1);
  });

  it('sizes a million stations and names the limits that AWS has to raise', () => {
    const capacity = at(1_000_000);

    expect(capacity.readingsShards).toBe(120);
    expect(capacity.alertsShards).toBe(12);
    expect(capacity.flinkUnits).toBe(60);
    expect(capacity.redshiftProcessingUnits).toBe(136);
    expect(capacity.redshiftNodes).toBe(17);
    expect(capacity.quotas.map(({ name }) => name)).toEqual([
      'IoT Core: inbound publishes/s',
      'Firehose: PutRecord requests/s for one stream',
    ]);
  });

  it('never needs less for more stations, and never fills a shard', () => {
    let previous = at(1);
    for (let stations = 1; stations <= 3_000_000; stations = Math.ceil(stations * 1.37)) {
      const capacity = at(stations);
      expect(capacity.readingsPerSecond / capacity.readingsShards).toBeLessThanOrEqual(700.001);
      expect(capacity.bytesPerSecond / capacity.readingsShards).toBeLessThanOrEqual(700_001);
      for (const part of [
        'readingsShards',
        'alertsShards',
        'flinkUnits',
        'redshiftProcessingUnits',
      ] as const) {
        expect(capacity[part]).toBeGreaterThanOrEqual(previous[part]);
      }
      previous = capacity;
    }
  });

  it('counts with a reading no shorter than a real one', () => {
    const longest: ReadingMessage = {
      ...{
        deviceid: 'UK-Worthing-0001',
        datetime: '2020-05-11 09:42:05',
        temperature: -33.12,
        humidity: 85.25,
      },
      ...{
        winddirection: 292.5,
        windintensity: 175.35,
        rainheight: 10.5588,
        epoch: '01JX0000000000000000000000',
      },
      ...{ seq: 104_200_000, windgust: 188.85, pressure: 1006.55, timequality: 'corrected' },
      quality: { humidity: 'suspect:stuck' },
    };
    expect(JSON.stringify(longest).length + 1).toBeLessThanOrEqual(READING_BYTES);
    expect(JSON.stringify(longest).length).toBeGreaterThan(READING_BYTES * 0.8);
  });

  it('refuses a load that is none', () => {
    expect(() => at(0)).toThrow(RangeError);
    expect(() => at(1.5)).toThrow(RangeError);
    expect(() => capacityFor({ stations: 1, intervalSeconds: 0 })).toThrow(RangeError);
  });
});

describe('the cost table', () => {
  const total = (name: keyof typeof profiles, stations: number) =>
    totalOf(costOf({ stations, intervalSeconds: 12 }, profiles[name]));

  it('shows what the one-minute buffer of the post costs on Redshift Serverless', () => {
    expect(total('post', 5)).toBeGreaterThan(1250);
    expect(total('standard', 5)).toBeLessThan(400);
    expect(total('tables', 5)).toBeLessThan(120);
    expect(total('archive', 5)).toBeLessThan(20);
  });

  it('adds up', () => {
    const lines = costOf({ stations: 1000, intervalSeconds: 12 }, profiles.standard);
    expect(totalOf(lines)).toBeCloseTo(lines.reduce((sum, line) => sum + line.dollarsPerMonth, 0));
    expect(costTable({ stations: 1000, intervalSeconds: 12 }, profiles.standard)).toContain(
      '| **together** |',
    );
  });

  it('costs more for more stations, in every profile', () => {
    for (const name of Object.keys(profiles) as (keyof typeof profiles)[]) {
      expect(total(name, 1)).toBeLessThan(total(name, 1000));
      expect(total(name, 1000)).toBeLessThan(total(name, 1_000_000));
    }
  });

  it('stands in docs/cloud.md as it is', () => {
    // The formatter aligns the columns of the page.
    const cells = (text: string): string[] =>
      text
        .split('\n')
        .filter((line) => line.startsWith('|') && !line.includes('---'))
        .map((line) =>
          line
            .split('|')
            .map((cell) => cell.trim())
            .join('|'),
        );
    const page = cells(readFileSync(new URL('../../../docs/cloud.md', import.meta.url), 'utf8'));

    expect(page).toEqual(expect.arrayContaining(cells(profileTable(profiles, [1, 5, 1000, 1_000_000], 12))));
    const standard = costTable({ stations: 5, intervalSeconds: 12 }, profiles.standard);
    expect(page).toEqual(expect.arrayContaining(cells(standard)));
  });

  it('prints profiles down and stations across', () => {
    expect(profileTable(profiles, [1, 1000], 12).split('\n')[0]).toBe(
      '| profile | 1 station | 1,000 stations |',
    );
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { capacityFor, FLINK_UNIT_READINGS_PER_SECOND, READING_BYTES } from '../../../cloud/stack/capacity.ts';
import {
  costOf,
  costTable,
  dailyUnitHours,
  isAskedHourly,
  profileTable,
  secondsBetweenFiles,
  totalOf,
  warehouseActiveShare,
} from '../../../cloud/stack/cost.ts';
import { PRICES, priceTable, sourceTable } from '../../../cloud/stack/prices.ts';
import { profileNames, profiles } from '../../../cloud/stack/profiles.ts';
import type { ReadingMessage } from '../../../src/weather/message.ts';

const loadOf = (stations: number, sendSeconds = 0) => ({ stations, intervalSeconds: 12, sendSeconds });
const at = (stations: number) => capacityFor(loadOf(stations));

describe('the capacity model', () => {
  it('gives one station the smallest of everything', () => {
    expect(at(1)).toMatchObject({
      readingsShards: 1,
      alertsShards: 1,
      flinkUnits: 1,
      redshiftProcessingUnits: 4,
      quotas: [],
    });
  });

  it('gives a thousand stations the smallest still: 83 readings a second', () => {
    expect(at(1000)).toMatchObject({
      readingsShards: 1,
      alertsShards: 1,
      flinkUnits: 1,
      redshiftProcessingUnits: 4,
      quotas: [],
    });
    expect(at(1000).readingsPerSecond).toBeCloseTo(83.3, 1);
  });

  it('sizes a million stations and names the limits that AWS has to raise', () => {
    const capacity = at(1_000_000);

    expect(capacity.readingsShards).toBe(120);
    expect(capacity.alertsShards).toBe(12);
    // The state of a day needs the disks of more units than the readings need cores.
    expect(capacity.flinkUnits).toBe(11);
    expect(capacity.flinkUnits).toBeGreaterThan(capacity.readingsPerSecond / FLINK_UNIT_READINGS_PER_SECOND);
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
      deviceid: 'UK-Worthing-0001',
      datetime: '2020-05-11 09:42:05',
      temperature: -33.12,
      humidity: 85.25,
      winddirection: 292.5,
      windintensity: 175.35,
      rainheight: 10.5588,
      epoch: '01JX0000000000000000000000',
      seq: 104_200_000,
      windgust: 188.85,
      pressure: 1006.55,
      timequality: 'corrected',
      quality: { humidity: 'suspect:stuck' },
    };
    expect(JSON.stringify(longest).length + 1).toBeLessThanOrEqual(READING_BYTES);
    expect(JSON.stringify(longest).length).toBeGreaterThan(READING_BYTES * 0.8);
  });

  it('refuses a load that is none', () => {
    expect(() => at(0)).toThrow(RangeError);
    expect(() => at(1.5)).toThrow(RangeError);
    expect(() => capacityFor({ stations: 1, intervalSeconds: 0, sendSeconds: 0 })).toThrow(RangeError);
  });
});

describe('the cost table', () => {
  const total = (name: keyof typeof profiles, stations: number) =>
    totalOf(costOf(loadOf(stations, profiles[name].sendSeconds), profiles[name]));

  it('shows what the one-minute buffer of the post costs on Redshift Serverless', () => {
    expect(total('post', 5)).toBeGreaterThan(1250);
    expect(total('standard', 5)).toBeLessThan(400);
    expect(total('tables', 5)).toBeLessThan(120);
    expect(total('archive', 5)).toBeLessThan(5);
  });

  it('asks every hour for stations in trouble only where that wakes no warehouse', () => {
    const hourly = Object.entries(profiles).filter(([, profile]) => isAskedHourly(loadOf(5), profile));
    expect(hourly.map(([name]) => name)).toEqual(['lake', 'post', 'provisioned', 'fleet']);
  });

  it('keeps what was asked of the two ends of the scale', () => {
    expect(total('lake', 5)).toBeLessThanOrEqual(5);
    expect(total('fleet', 1_000_000) / 1_000_000).toBeLessThanOrEqual(0.04);
  });

  it.each(Object.entries(profiles))('adds up, row by row, for %s', (_name, profile) => {
    for (const stations of [1, 5, 1000, 1_000_000]) {
      const load = loadOf(stations, profile.sendSeconds);
      const lines = costOf(load, profile);
      expect(totalOf(lines)).toBeCloseTo(
        lines.reduce((sum, line) => sum + line.dollarsPerMonth, 0),
        9,
      );
      const rows = costTable(load, profile).split('\n').slice(2);
      const shown = rows.map((row) => Number(row.split('|')[3]?.replaceAll(/[*,\s]/g, '')));
      const together = shown.pop() ?? 0;
      const sum = shown.reduce((total, dollars) => total + dollars, 0);
      // Each row is rounded to a cent below ten dollars and to a dollar above.
      expect(Math.abs(sum - together)).toBeLessThanOrEqual(
        shown.filter((dollars) => dollars >= 10).length / 2 + 1,
      );
      expect(rows.every((row) => row.split('|').length === 6)).toBe(true);
    }
  });

  it('counts the earlier of time and size: 1 MB of a thousand stations is full after 36 s', () => {
    const { bytesPerSecond } = at(1000);
    expect(secondsBetweenFiles(bytesPerSecond, { bufferSeconds: 900, bufferMegabytes: 1 })).toBeCloseTo(
      36.4,
      1,
    );
    expect(secondsBetweenFiles(bytesPerSecond, { bufferSeconds: 900, bufferMegabytes: 128 })).toBe(900);
    expect(warehouseActiveShare(loadOf(1000), { ...profiles.standard, bufferMegabytes: 1 })).toBe(1);
    expect(warehouseActiveShare(loadOf(1000), profiles.standard)).toBeLessThan(0.2);
  });

  it('limits Redshift Serverless to twice what the loads take, never beyond the day', () => {
    expect(dailyUnitHours(loadOf(5), profiles.post)).toBe(96);
    for (const stations of [1, 5, 1000, 100_000]) {
      const expected =
        24 * at(stations).redshiftProcessingUnits * warehouseActiveShare(loadOf(stations), profiles.standard);
      const limit = dailyUnitHours(loadOf(stations), profiles.standard);
      expect(limit).toBeGreaterThan(Math.min(1.9 * expected, 24 * at(stations).redshiftProcessingUnits - 1));
      expect(limit).toBeLessThanOrEqual(24 * at(stations).redshiftProcessingUnits);
    }
  });

  it('costs more for more stations, in every profile', () => {
    for (const name of profileNames) {
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
    expect(page).toEqual(expect.arrayContaining(cells(costTable(loadOf(5), profiles.lake))));
    const fleet = costTable(loadOf(1_000_000, profiles.fleet.sendSeconds), profiles.fleet);
    expect(page).toEqual(expect.arrayContaining(cells(fleet)));
    expect(page).toEqual(expect.arrayContaining(cells(priceTable())));
    expect(page).toEqual(expect.arrayContaining(cells(sourceTable())));
  });

  it('says where each price was read, and which one nobody verified', () => {
    const prices = Object.values(PRICES);
    for (const { source } of prices) expect(source.where).toMatch(/https:\/\/|^not verified$/);
    const unverified = prices.filter(({ source }) => source.where === 'not verified');
    expect(unverified).toEqual([PRICES.iotRuleMillion]);
  });

  it('prints profiles down and stations across', () => {
    expect(profileTable(profiles, [1, 1000], 12).split('\n')[0]).toBe(
      '| profile | 1 station | 1,000 stations |',
    );
  });
});

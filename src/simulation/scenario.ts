import { z } from 'zod';
import { decimalNumber, oneOf, text, wholeNumber } from '../config/fields.ts';
import type { Bounce } from './pulse-train.ts';

/** Node's timers end at 24 days; twice this is still below. */
const MAX_SECONDS = 10 * 86_400;
const CENTURY_SECONDS = 36_525 * 86_400;
const seconds = () => decimalNumber(0, MAX_SECONDS);

/** When an event holds, in seconds since the start. */
const period = {
  fromSeconds: seconds().default(0).describe('Start, s since the station started.'),
  forSeconds: seconds().exactOptional().describe('Duration, s; to the end without.'),
};

const weatherEvent = z
  .strictObject({
    kind: z.literal('weather'),
    ...period,
    rampSeconds: seconds().default(0).describe('Time to get there from the usual weather and back, s.'),
    temperatureC: decimalNumber(-40, 85).exactOptional(),
    dewPointC: decimalNumber(-60, 60).exactOptional(),
    seaLevelPressureHpa: decimalNumber(850, 1090).exactOptional(),
    meanWindMs: decimalNumber(0, 70).exactOptional(),
    windDirectionDegrees: decimalNumber(0, 360).exactOptional(),
    gustiness: decimalNumber(0, 1).exactOptional(),
    rainMmPerHour: decimalNumber(0, 500).exactOptional(),
  })
  .describe('Weather that the scenario decides; what it leaves out stays as it would have been.');

const busErrorEventOf = (chips: readonly string[]) =>
  z
    .strictObject({
      kind: z.literal('busError'),
      ...period,
      chip: oneOf(chips),
      code: oneOf(['EREMOTEIO', 'EIO', 'ETIMEDOUT'])
        .default('EREMOTEIO')
        .describe(
          'EREMOTEIO: the chip does not acknowledge · EIO: broken transfer · ETIMEDOUT: a line held low.',
        ),
    })
    .describe('Every transfer to a chip fails.');

const brownOutEventOf = (chips: readonly string[]) =>
  z
    .strictObject({ kind: z.literal('brownOut'), atSeconds: seconds(), chip: oneOf(chips) })
    .describe('The supply of a chip dips: it forgets what it was told and measured.');

const hungEvent = z
  .strictObject({ kind: z.literal('hungBme280'), ...period })
  .describe('The BME280 answers, but its data no longer change.');

const bmp280Event = z
  .strictObject({ kind: z.literal('bmp280') })
  .describe('The chip that was sold as a BME280 is a BMP280, which measures no humidity.');

const stuckVaneEvent = z
  .strictObject({ kind: z.literal('stuckVane'), ...period })
  .describe('The vane stays where it was, whatever the wind does.');

const openVaneEvent = z
  .strictObject({ kind: z.literal('openVane'), ...period })
  .describe('The cable of the vane is broken: its voltage is that of the supply.');

const bounceEvent = z
  .strictObject({
    kind: z.literal('bounce'),
    ...period,
    contact: oneOf(['wind', 'rain']),
    edges: wholeNumber(1, 50).default(6).describe('Edges that follow each real one.'),
    withinMilliseconds: decimalNumber(0.01, 140).default(3).describe('Time they take, ms.'),
  })
  .describe('A worn contact bounces.');

const networkAwayEvent = z
  .strictObject({ kind: z.literal('networkAway'), ...period })
  .describe('Nothing reaches the broker.');

const clockStepEvent = z
  .strictObject({
    kind: z.literal('clockStep'),
    atSeconds: seconds(),
    bySeconds: decimalNumber(-CENTURY_SECONDS, CENTURY_SECONDS),
  })
  .describe('The wall clock jumps, as when NTP sets it.');

/** At 1500 a tick of the sampler is shorter than the millisecond that Node.js can wait. */
const MAX_SPEED = 1500;
export const MAX_SEED = 2 ** 32 - 1;

/** A scenario file: what happens to a simulated station with these chips, and when. */
export const scenarioSchemaOf = (chips: readonly string[]) =>
  z
    .strictObject({
      name: text(128),
      seed: wholeNumber(0, MAX_SEED).default(1).describe('The same seed gives the same weather.'),
      speed: decimalNumber(1, MAX_SPEED)
        .exactOptional()
        .describe(`How much faster than in reality time passes. 1 to ${MAX_SPEED}; 1 without.`),
      lag: z
        .strictObject({
          at: z.iso.datetime('a time such as "2026-07-20T12:00:00Z"').describe('Of the machine, UTC.'),
          seconds: seconds().describe('How far the station lives in the past at that moment, s.'),
        })
        .exactOptional()
        .describe(
          'The station catches up with the present at its speed and then keeps the time of the machine.',
        ),
      startsAt: z.iso
        .datetime('a time such as "2026-07-20T12:00:00Z"')
        .exactOptional()
        .describe('Local mean solar time of the start, for season and time of day; the clock without.'),
      events: z
        .array(
          z.discriminatedUnion('kind', [
            weatherEvent,
            busErrorEventOf(chips),
            brownOutEventOf(chips),
            hungEvent,
            bmp280Event,
            stuckVaneEvent,
            openVaneEvent,
            bounceEvent,
            networkAwayEvent,
            clockStepEvent,
          ]),
        )
        .default([]),
    })
    .describe('A scenario of the simulated station.');

export type Scenario = z.output<ReturnType<typeof scenarioSchemaOf>>;
export type ScenarioEvent = Scenario['events'][number];
export type EventOf<K extends ScenarioEvent['kind']> = Extract<ScenarioEvent, { kind: K }>;

/** Weather by itself, with nothing out of the ordinary. */
export const ordinaryScenario: Scenario = { name: 'ordinary weather', seed: 1, events: [] };

export const eventsOf = <K extends ScenarioEvent['kind']>(scenario: Scenario, kind: K): EventOf<K>[] =>
  scenario.events.filter((event): event is EventOf<K> => event.kind === kind);

/** What a worn contact's bounce is at a moment, if the scenario has it worn by then. */
export const bounceOf = (scenario: Scenario, contact: 'wind' | 'rain') => {
  const events = eventsOf(scenario, 'bounce').filter((event) => event.contact === contact);
  return (elapsedSeconds: number): Bounce | null => {
    const event = events.find((each) => isDuring(each, elapsedSeconds));
    return event === undefined ? null : { edges: event.edges, withinMs: event.withinMilliseconds };
  };
};

type Period = { readonly fromSeconds: number; readonly forSeconds?: number };

export const endOf = ({ fromSeconds, forSeconds = Number.POSITIVE_INFINITY }: Period): number =>
  fromSeconds + forSeconds;

export const isDuring = (period: Period, elapsedSeconds: number): boolean =>
  elapsedSeconds >= period.fromSeconds && elapsedSeconds < endOf(period);

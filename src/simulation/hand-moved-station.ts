import type { ConfiguredInstrument, Instrument, SimulatedTwin } from '../instruments/instrument.ts';
import {
  openSimulatedStation,
  type SimulatedStation,
  type SimulatedStationOptions,
} from './simulated-station.ts';
import type { Weather } from './weather-model.ts';

/** Slower than the steps of a potentiometer that count as a turn. */
const DEGREES_PER_LOOK = 0.5;
/** Cups that a finger turns, and a bucket that it tips. */
const HAND = { windMs: 2, rainMmPerHour: 1_000 };

export type HandMovedStation = Pick<SimulatedStation, 'buses' | 'clock'> & {
  /** Called between two looks at the vane: turns it on. */
  readonly onLook: () => void;
};

/** A simulated station whose instruments somebody moves: cups turn, the bucket tips, the vane goes on from look to look. */
export const openHandMovedStation = async (options: SimulatedStationOptions): Promise<HandMovedStation> => {
  let windDirectionDegrees = 0;
  const motion = (): Partial<Weather> => ({ ...HAND, windDirectionDegrees });
  const { buses, clock } = await openSimulatedStation({
    ...options,
    instruments: options.instruments.map(
      ({ instrument, config }): ConfiguredInstrument => ({ instrument: moved(instrument, motion), config }),
    ),
  });
  return {
    buses,
    clock,
    onLook: () => {
      windDirectionDegrees += DEGREES_PER_LOOK;
    },
  };
};

const moved = (instrument: Instrument, motion: () => Partial<Weather>): Instrument => ({
  ...instrument,
  simulated: async (): Promise<SimulatedTwin<Readonly<Record<string, unknown>>>> => {
    const twin = await instrument.simulated();
    return {
      simulate: (config, surroundings) =>
        twin.simulate(config, {
          ...surroundings,
          weatherAt: (seconds) => ({ ...surroundings.weatherAt(seconds), ...motion() }),
        }),
    };
  },
});

import type { Quantity } from '../../weather/quantities.ts';
import type { SimulatedInstrument, Surroundings } from '../instrument.ts';
import { fileUnitOf, folderOf, type KernelSourceConfig } from './kernel-device.ts';

/** The device as a file in /sys, in the weather of the scenario. */
export const simulate = (
  { subsystem, device, attribute, quantity, scale, offset }: KernelSourceConfig,
  { weatherAt, elapsedSeconds }: Surroundings,
): SimulatedInstrument => {
  const folder = `${folderOf(subsystem)}/${subsystem === 'w1' ? device : `${device}-simulated`}`;
  const value = (): number => (valueAt(quantity, weatherAt, elapsedSeconds()) - offset) / scale;
  const files = new Map([[`${folder}/${attribute}`, () => `${fileUnitOf(attribute, value())}\n`]]);
  if (subsystem !== 'w1') files.set(`${folder}/name`, () => `${device}\n`);
  return { files };
};

/** The soil follows the air a little, and a 12 V battery is charged by day. */
const valueAt = (
  quantity: Quantity,
  weatherAt: Surroundings['weatherAt'],
  elapsedSeconds: number,
): number => {
  const { temperatureC, humidityPercent, pressureHpa } = weatherAt(elapsedSeconds);
  const daylight = Math.max(0, Math.sin(((elapsedSeconds % 86_400) / 86_400) * 2 * Math.PI));
  switch (quantity) {
    case 'humidity':
      return humidityPercent;
    case 'pressure':
      return pressureHpa;
    case 'soiltemperature':
      return 12 + (temperatureC - 12) * 0.2;
    case 'supplyvoltage':
      return 12.2 + daylight * 1.6;
    case 'supplycurrent':
      return daylight * 2 - 0.2;
    case 'illuminance':
      return daylight * 80_000;
    default:
      return temperatureC;
  }
};

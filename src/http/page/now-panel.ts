import type { GatewayStatus } from '../../status/status.ts';
import {
  changeText,
  compassPoint,
  flagText,
  NOTHING,
  numberText,
  withUnit,
} from '../../weather/number-text.ts';
import type { Quantity } from '../../weather/reading.ts';
import { CALM_KMH } from '../../weather/wind.ts';
import { element, setText } from './elements.ts';

/** With what is meant where a card shows several values. */
const flagged: readonly (readonly [quantity: Quantity, name: string])[] = [
  ['temperature', ''],
  ['humidity', ''],
  ['pressure', ''],
  ['windintensity', ''],
  ['winddirection', 'direction '],
  ['windgust', 'gust '],
  ['rainheight', ''],
];

const showFlags = ({ latest }: GatewayStatus): void => {
  for (const [quantity, name] of flagged) {
    const target = element(`${quantity}-flag`);
    const flag = latest?.quality[quantity];
    target.hidden = flag === undefined;
    setText(target, flag === undefined ? '' : `${name}${flagText(flag)}`);
  }
};

const directionText = (latest: NonNullable<GatewayStatus['latest']>): string => {
  if (latest.winddirection !== null)
    return `${compassPoint(latest.winddirection)} ${numberText(latest.winddirection)}°`;
  const isCalm = latest.windintensity !== null && latest.windintensity < CALM_KMH;
  return isCalm && latest.quality.winddirection === undefined ? 'calm' : NOTHING;
};

const feelsLike = (derived: GatewayStatus['derived']): { name: string; value: number | null } => {
  if (typeof derived?.windchill === 'number') return { name: 'Wind chill', value: derived.windchill };
  return { name: 'Heat index', value: derived?.heatindex ?? null };
};

/** The newest reading, and what follows from it. */
export const showNow = (status: GatewayStatus): void => {
  const { latest, derived } = status;
  const show = (id: string, text: string): void => setText(element(id), text);
  show('temperature', numberText(latest?.temperature, 1));
  show('dewpoint', withUnit(derived?.dewpoint, '°C'));
  const feels = feelsLike(derived);
  show('feels-name', feels.name);
  show('feels', withUnit(feels.value, '°C'));
  element('feels-fact').hidden = feels.value === null;
  show('humidity', numberText(latest?.humidity, 0));
  element('humidity-meter').setAttribute('value', String(latest?.humidity ?? 0));
  show('pressure', numberText(latest?.pressure, 1));
  show('pressuretendency', changeText(derived?.pressuretendency, 'hPa'));
  show('sealevelpressure', withUnit(derived?.sealevelpressure, 'hPa'));
  element('sealevel-fact').hidden = typeof derived?.sealevelpressure !== 'number';
  show('rainhour', numberText(derived?.rainhour, 1));
  show('rainheight', withUnit(latest?.rainheight, 'mm'));
  show('rainintensity', withUnit(derived?.rainintensity, 'mm/h'));
  show('windintensity', numberText(latest?.windintensity, 1));
  show('winddirection', latest ? directionText(latest) : NOTHING);
  show('windgust', withUnit(latest?.windgust, 'km/h'));
  show('windmean', withUnit(derived?.windmean, 'km/h'));
  show('windmaxgust', withUnit(derived?.windmaxgust, 'km/h'));
  showFlags(status);
};

import type { GatewayStatus } from '../../status/status.ts';
import {
  compassPoint,
  formatChange,
  formatFlag,
  formatNumber,
  formatWithUnit,
  NOTHING,
} from '../../weather/format.ts';
import { isOptional, type Quantity, quantities, quantityTable } from '../../weather/quantities.ts';
import { CALM_KMH } from '../../weather/wind.ts';
import { chartColour } from './chart-definitions.ts';
import { create, element, setText } from './elements.ts';

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
    setText(target, flag === undefined ? '' : `${name}${formatFlag(flag)}`);
  }
};

const directionText = (latest: NonNullable<GatewayStatus['latest']>): string => {
  if (latest.winddirection !== null)
    return `${compassPoint(latest.winddirection)} ${formatNumber(latest.winddirection)}°`;
  const isCalm = latest.windintensity !== null && latest.windintensity < CALM_KMH;
  return isCalm && latest.quality.winddirection === undefined ? 'calm' : NOTHING;
};

const feelsLike = (derived: GatewayStatus['derived']): { name: string; value: number | null } => {
  if (typeof derived?.windchill === 'number') return { name: 'Wind chill', value: derived.windchill };
  return { name: 'Heat index', value: derived?.heatindex ?? null };
};

type OptionalCard = { readonly root: HTMLElement; readonly value: HTMLElement; readonly flag: HTMLElement };

const createCard = (quantity: Quantity): OptionalCard => {
  const { name, unit } = quantityTable[quantity];
  const value = create('span', {}, NOTHING);
  const flag = create('p', { class: 'flag' });
  const root = create('div', { class: 'card', 'data-quantity': quantity }, [
    create('h3', {}, name),
    create('p', { class: 'value' }, [value, create('small', {}, ` ${unit}`)]),
    flag,
  ]);
  // A rule of the style sheet would be refused inline; a property set by the script is not.
  root.style.setProperty('--accent', `var(${chartColour(quantity, quantityTable)})`);
  return { root, value, flag };
};

const optionalCards = new Map<Quantity, OptionalCard>();

/** A card for each optional quantity of the newest reading. */
const showOptional = ({ latest }: GatewayStatus): void => {
  for (const quantity of quantities.filter((each) => isOptional(quantityTable[each]))) {
    const value = latest?.[quantity];
    const card = optionalCards.get(quantity) ?? createCard(quantity);
    optionalCards.set(quantity, card);
    if (value === undefined) {
      card.root.remove();
      continue;
    }
    if (!card.root.isConnected) element('now').append(card.root);
    setText(card.value, formatNumber(value, quantityTable[quantity].shownDecimals));
    const flag = latest?.quality[quantity];
    card.flag.hidden = flag === undefined;
    setText(card.flag, flag === undefined ? '' : formatFlag(flag));
  }
};

/** The newest reading, and what follows from it. */
export const showNow = (status: GatewayStatus): void => {
  const { latest, derived } = status;
  const show = (id: string, text: string): void => setText(element(id), text);
  show('temperature', formatNumber(latest?.temperature, 1));
  show('dewpoint', formatWithUnit(derived?.dewpoint, '°C'));
  const feels = feelsLike(derived);
  show('feels-name', feels.name);
  show('feels', formatWithUnit(feels.value, '°C'));
  element('feels-fact').hidden = feels.value === null;
  show('humidity', formatNumber(latest?.humidity, 0));
  element('humidity-meter').setAttribute('value', String(latest?.humidity ?? 0));
  show('pressure', formatNumber(latest?.pressure, 1));
  show('pressuretendency', formatChange(derived?.pressuretendency, 'hPa'));
  show('sealevelpressure', formatWithUnit(derived?.sealevelpressure, 'hPa'));
  element('sealevel-fact').hidden = typeof derived?.sealevelpressure !== 'number';
  show('rainhour', formatNumber(derived?.rainhour, 1));
  show('rainheight', formatWithUnit(latest?.rainheight, 'mm'));
  show('rainintensity', formatWithUnit(derived?.rainintensity, 'mm/h'));
  show('windintensity', formatNumber(latest?.windintensity, 1));
  show('winddirection', latest ? directionText(latest) : NOTHING);
  show('windgust', formatWithUnit(latest?.windgust, 'km/h'));
  show('windmean', formatWithUnit(derived?.windmean, 'km/h'));
  show('windmaxgust', formatWithUnit(derived?.windmaxgust, 'km/h'));
  showFlags(status);
  showOptional(status);
};

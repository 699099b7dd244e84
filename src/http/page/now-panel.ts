import type { GatewayStatus } from '../../status/status.ts';
import {
  compassPoint,
  formatChange,
  formatFlag,
  formatNumber,
  formatWithUnit,
  NOTHING,
} from '../../weather/format.ts';
import type { Quantity } from '../../weather/quantities.ts';
import { create, element, setText } from './elements.ts';
import { type CardText, cardTexts } from './optional-cards.ts';

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

const directionText = ({ latest, calmKmh }: GatewayStatus): string => {
  if (latest === null) return NOTHING;
  if (latest.winddirection !== null)
    return `${compassPoint(latest.winddirection)} ${formatNumber(latest.winddirection)}°`;
  const isCalm = latest.windintensity !== null && latest.windintensity < calmKmh;
  return isCalm && latest.quality.winddirection === undefined ? 'calm' : NOTHING;
};

const feelsLike = (derived: GatewayStatus['derived']): { name: string; value: number | null } => {
  if (typeof derived?.windchill === 'number') return { name: 'Wind chill', value: derived.windchill };
  return { name: 'Heat index', value: derived?.heatindex ?? null };
};

type Card = { readonly root: HTMLElement; readonly value: HTMLElement; readonly flag: HTMLElement };

const cards = new Map<Quantity, Card>();

const createCard = ({ quantity, name, unit, colour }: CardText): Card => {
  const value = create('span', {});
  const flag = create('p', { class: 'flag' });
  const root = create('div', { class: 'card', 'data-quantity': quantity }, [
    create('h3', {}, name),
    create('p', { class: 'value' }, [value, create('small', {}, ` ${unit}`)]),
    flag,
  ]);
  // The content security policy refuses a style attribute, and not a property that a script sets.
  root.style.setProperty('--accent', `var(${colour})`);
  return { root, value, flag };
};

/** Cards come and go with what is measured; those that stay are not built anew. */
const showOptionalCards = ({ latest }: GatewayStatus): void => {
  const texts = cardTexts(latest);
  for (const [quantity, { root }] of cards)
    if (texts.every((text) => text.quantity !== quantity)) root.remove();
  for (const text of texts) {
    const card = cards.get(text.quantity) ?? createCard(text);
    cards.set(text.quantity, card);
    if (!card.root.isConnected) element('now').append(card.root);
    setText(card.value, text.value);
    setText(card.flag, text.flag);
    card.flag.hidden = text.flag === '';
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
  show('winddirection', directionText(status));
  show('windgust', formatWithUnit(latest?.windgust, 'km/h'));
  show('windmean', formatWithUnit(derived?.windmean, 'km/h'));
  show('windmaxgust', formatWithUnit(derived?.windmaxgust, 'km/h'));
  showFlags(status);
  showOptionalCards(status);
};

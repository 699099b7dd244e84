import type { GatewayStatus } from '../../status/status.ts';
import { displayUnit, type UnitFormat, unitFormat } from '../../weather/display-units.ts';
import { compassPoint, formatFlag, formatNumber, NOTHING } from '../../weather/format.ts';
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
const showOptionalCards = ({ latest }: GatewayStatus, units: UnitFormat): void => {
  const texts = cardTexts(latest, units);
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

/** Beside the large numbers. */
const showUnits = ({ units }: GatewayStatus): void => {
  for (const target of document.querySelectorAll<HTMLElement>('[data-unit]'))
    setText(target, ` ${displayUnit(units, target.dataset['unit'] ?? '').unit}`);
};

const showRain = ({ rain }: GatewayStatus, units: UnitFormat): void => {
  setText(element('raintoday'), units.withUnit(rain.todayMm, 'mm'));
  element('rainevent-fact').hidden = rain.event === null;
  setText(element('rainevent-name'), rain.event?.isOver === true ? 'Last event' : 'This event');
  setText(element('rainevent'), units.withUnit(rain.event?.mm, 'mm'));
};

/** The newest reading, and what follows from it. */
export const showNow = (status: GatewayStatus): void => {
  const { latest, derived } = status;
  const units = unitFormat(status.units);
  showUnits(status);
  const show = (id: string, text: string): void => setText(element(id), text);
  show('temperature', units.number(latest?.temperature, '°C'));
  show('dewpoint', units.withUnit(derived?.dewpoint, '°C'));
  const feels = feelsLike(derived);
  show('feels-name', feels.name);
  show('feels', units.withUnit(feels.value, '°C'));
  element('feels-fact').hidden = feels.value === null;
  show('humidity', formatNumber(latest?.humidity, 0));
  element('humidity-meter').setAttribute('value', String(latest?.humidity ?? 0));
  show('pressure', units.number(latest?.pressure, 'hPa'));
  show('pressuretendency', units.change(derived?.pressuretendency, 'hPa'));
  show('sealevelpressure', units.withUnit(derived?.sealevelpressure, 'hPa'));
  element('sealevel-fact').hidden = typeof derived?.sealevelpressure !== 'number';
  show('rainhour', units.number(derived?.rainhour, 'mm'));
  show('rainheight', units.withUnit(latest?.rainheight, 'mm'));
  show('rainintensity', units.withUnit(derived?.rainintensity, 'mm/h'));
  showRain(status, units);
  show('windintensity', units.number(latest?.windintensity, 'km/h'));
  show('winddirection', directionText(status));
  show('windgust', units.withUnit(latest?.windgust, 'km/h'));
  show('windmean', units.withUnit(derived?.windmean, 'km/h'));
  show('windmaxgust', units.withUnit(derived?.windmaxgust, 'km/h'));
  showFlags(status);
  showOptionalCards(status, units);
};

import type { HistorySeries } from '../../history/series.ts';
import { compassPoint } from '../../weather/format.ts';
import { SECTOR_DEGREES, sectorShares } from './chart-definitions.ts';
import { createSvg, element } from './elements.ts';

const OUTER = 46;
const LABELS = 54;
const HUB = 8;

const at = (degrees: number, radius: number): string => {
  const radians = (degrees * Math.PI) / 180;
  return `${(Math.sin(radians) * radius).toFixed(2)} ${(-Math.cos(radians) * radius).toFixed(2)}`;
};

const petal = (share: number, sector: number): SVGElement => {
  const radius = HUB + (OUTER - HUB) * share;
  const [from, to] = [(sector - 0.42) * SECTOR_DEGREES, (sector + 0.42) * SECTOR_DEGREES];
  return createSvg('path', {
    class: 'petal',
    d: `M${at(from, HUB)}L${at(from, radius)}A${radius} ${radius} 0 0 1 ${at(to, radius)}L${at(to, HUB)}Z`,
  });
};

/** A circle with the points of the compass; petals for the chart's span, an arrow for the wind of now. */
export class WindRose {
  readonly #root = element('rose');
  readonly #petals = createSvg('g', {});
  readonly #arrow = createSvg('path', { class: 'arrow', d: 'M0 30 L-8 -2 L0 4 L8 -2 Z' });
  #mostFrequent = '';
  #now = '';

  constructor() {
    const rings = [OUTER, (OUTER + HUB) / 2, HUB].map((r) =>
      createSvg('circle', { class: 'ring', r: String(r) }),
    );
    const labels = ['N', 'E', 'S', 'W'].map((name, index) => {
      const [x = '', y = ''] = at(index * 90, LABELS).split(' ');
      return createSvg('text', { x, y }, name);
    });
    this.#root.append(...rings, this.#petals, ...labels, this.#arrow);
    this.showNow(null);
  }

  /** The arrow flies with the wind: its tail is where the wind comes from. */
  showNow(fromDegrees: number | null): void {
    this.#arrow.toggleAttribute('hidden', fromDegrees === null);
    this.#arrow.setAttribute('display', fromDegrees === null ? 'none' : 'inline');
    if (fromDegrees !== null)
      this.#arrow.setAttribute('transform', `rotate(${fromDegrees}) translate(0 -44) scale(1)`);
    this.#now = fromDegrees === null ? 'calm or unknown now' : `now from ${compassPoint(fromDegrees)}`;
    this.#describe();
  }

  showSpan({ values }: HistorySeries, spanName: string): void {
    const shares = sectorShares(values.winddirection);
    this.#petals.replaceChildren(
      ...shares.flatMap((share, sector) => (share === 0 ? [] : [petal(share, sector)])),
    );
    const most = shares.indexOf(1);
    this.#mostFrequent =
      most < 0 ? '' : `, in the last ${spanName} mostly from ${compassPoint(most * SECTOR_DEGREES)}`;
    this.#describe();
  }

  #describe(): void {
    this.#root.setAttribute('aria-label', `Wind rose: ${this.#now}${this.#mostFrequent}`);
  }
}

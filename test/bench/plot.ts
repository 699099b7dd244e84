import type { Figure, Ratio } from './figure.ts';

const WIDTH = 1_150;
const LABEL_WIDTH = 720;
const BAR_WIDTH = 330;
const ROW_HEIGHT = 26;

const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** From a hundredth to a hundredfold, 1 in the middle. */
const positionOf = (ratio: number): number => {
  const decades = Math.max(-2, Math.min(2, Math.log10(ratio)));
  return LABEL_WIDTH + ((decades + 2) / 4) * BAR_WIDTH;
};

type Row = { readonly name: string; readonly ratio: Ratio; readonly isBetter: boolean };

/** Of rates the more is the better, of everything else that is measured the less. */
const isBetter = ({ unit }: Figure, { median }: Ratio): boolean =>
  unit.endsWith('/s') ? median >= 1 : median <= 1;

/** A bar to the median, and a line from the lowest ratio of a round to the highest. */
const rowOf = ({ name, ratio, isBetter }: Row, index: number): string => {
  const y = 40 + index * ROW_HEIGHT;
  const [from, to] = [positionOf(1), positionOf(ratio.median)];
  return [
    `<text x="${LABEL_WIDTH - 10}" y="${y + 14}" text-anchor="end">${escapeText(name)}</text>`,
    `<rect class="${isBetter ? 'better' : 'worse'}" x="${Math.min(from, to).toFixed(1)}" y="${y + 3}" width="${Math.max(1, Math.abs(to - from)).toFixed(1)}" height="14"/>`,
    `<path class="scatter" d="M${positionOf(ratio.lowest).toFixed(1)} ${y + 10}H${positionOf(ratio.highest).toFixed(1)}"/>`,
    `<text x="${WIDTH - 10}" y="${y + 14}" text-anchor="end">${Number(ratio.median.toPrecision(3))}</text>`,
  ].join('');
};

/** Every figure that has something beside it, as its ratio on a logarithmic scale. */
export const plotOf = (figures: readonly Figure[]): string => {
  const compared = figures.flatMap((figure): readonly Row[] => {
    const { name, other, ratio } = figure;
    if (other === null || ratio === null) return [];
    return [{ name: `${name} / ${other.name}`, ratio, isBetter: isBetter(figure, ratio) }];
  });
  const height = 60 + compared.length * ROW_HEIGHT;
  const ticks = [0.01, 0.1, 1, 10, 100].map((ratio) => {
    const x = positionOf(ratio).toFixed(1);
    return `<path d="M${x} 34V${height - 20}"/><text x="${x}" y="28" text-anchor="middle">${ratio}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">`,
    '<title>Figures of weather-gateway beside what else there is</title>',
    '<style>text{fill:#444}.better{fill:#3b7dd8}.worse{fill:#d9822b}path{stroke:#bbb}.scatter{stroke:#123;stroke-width:2}</style>',
    '<rect width="100%" height="100%" fill="#fff"/>',
    '<text x="10" y="18">ours / what stands beside it (logarithmic; blue where ours is better, orange where not)</text>',
    ...ticks,
    ...compared.map(rowOf),
    '</svg>\n',
  ].join('\n');
};

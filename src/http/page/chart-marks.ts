import type uPlot from 'uplot';
import type { HistorySeries } from '../../history/series.ts';
import type { ChartDefinition } from './chart-definitions.ts';

const MARK_RADIUS = 4.5;
const TICK = { width: 3, height: 6 };

export type Colours = (customProperty: string) => string;

type Painting = {
  readonly plot: uPlot;
  readonly series: HistorySeries;
  readonly definition: ChartDefinition;
  readonly colours: Colours;
};

/** Where the station gave no reading at all: behind everything else. */
export const paintGaps = ({ plot, series, colours }: Painting): void => {
  const { ctx, bbox } = plot;
  const columns = Object.values(series.values);
  const rows = series.time.length;
  ctx.save();
  ctx.fillStyle = colours('--gap');
  for (let row = 1; row < rows - 1; row += 1) {
    if (columns.some((column) => column[row] !== null)) continue;
    if (series.flags.some((flag) => flag.row === row)) continue;
    const from = plot.valToPos(series.time[row - 1] ?? 0, 'x', true);
    const to = plot.valToPos(series.time[row + 1] ?? 0, 'x', true);
    const left = Math.max(from, bbox.left);
    ctx.fillRect(left, bbox.top, Math.max(0, Math.min(to, bbox.left + bbox.width) - left), bbox.height);
  }
  ctx.restore();
};

/** A ring on a suspect value, a tick on the ground where a value is missing. */
export const paintFlags = ({ plot, series, definition, colours }: Painting): void => {
  const { ctx, bbox } = plot;
  const { devicePixelRatio: ratio } = window;
  const lines = new Map(definition.lines.map((each) => [each.quantity, each.of(series.values)]));
  ctx.save();
  ctx.lineWidth = 2 * ratio;
  ctx.strokeStyle = colours('--warning');
  ctx.fillStyle = colours('--alert');
  for (const { row, quantity } of series.flags) {
    const column = lines.get(quantity);
    const x = plot.valToPos(series.time[row] ?? 0, 'x', true);
    if (column === undefined || x < bbox.left || x > bbox.left + bbox.width) continue;
    const value = column[row] ?? null;
    if (value === null) {
      const bottom = bbox.top + bbox.height;
      ctx.fillRect(
        x - (TICK.width / 2) * ratio,
        bottom - TICK.height * ratio,
        TICK.width * ratio,
        TICK.height * ratio,
      );
    } else {
      ctx.beginPath();
      ctx.arc(x, plot.valToPos(value, 'y', true), MARK_RADIUS * ratio, 0, 2 * Math.PI);
      ctx.stroke();
    }
  }
  ctx.restore();
};

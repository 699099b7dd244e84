import uPlot from 'uplot';
import type { HistorySeries } from '../../history/series.ts';
import {
  type ChartDefinition,
  extremesText,
  fromSeconds,
  type LineDefinition,
  lonely,
  rowText,
  timeLabels,
  verticalRange,
} from './chart-definitions.ts';
import { create, setText } from './elements.ts';

const HEIGHT = 168;
const MARK_RADIUS = 4.5;
const TICK = { width: 3, height: 6 };

export type Span = { readonly name: string; readonly minutes: number };

/** As many decimals as the step of the axis needs. */
const plainText = (value: number): string => String(Number(value.toFixed(2))).replace('-', '−');

const colourOf = (property: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(property).trim();

const lineSeries = ({ colour, style, name }: LineDefinition, isDense: boolean): uPlot.Series => {
  const stroke = colourOf(colour);
  const dot = { size: isDense ? 3 : 5, fill: stroke, stroke };
  // A line has nothing to draw of a value without neighbours.
  const points =
    style === 'points'
      ? { ...dot, show: true }
      : { ...dot, show: true, filter: (plot: uPlot, index: number) => lonely(plot.data[index] ?? []) };
  const base = { label: name, stroke, width: 2, points, spanGaps: false };
  if (style === 'points') return { ...base, paths: () => null };
  const isFilled = style === 'area' || style === 'steps';
  return {
    ...base,
    ...(style === 'steps' && uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
    ...(isFilled ? { fill: `${stroke}24` } : {}),
  };
};

type Painting = {
  readonly plot: uPlot;
  readonly series: HistorySeries;
  readonly definition: ChartDefinition;
};

/** Where the station gave no reading at all: behind everything else. */
const paintGaps = ({ plot, series }: Painting): void => {
  const { ctx, bbox } = plot;
  const columns = Object.values(series.values);
  const rows = series.time.length;
  ctx.save();
  ctx.fillStyle = colourOf('--gap');
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
const paintFlags = ({ plot, series, definition }: Painting): void => {
  const { ctx, bbox } = plot;
  const { devicePixelRatio: ratio } = window;
  const lines = new Map(definition.lines.map((each) => [each.quantity, each.of(series.values)]));
  ctx.save();
  ctx.lineWidth = 2 * ratio;
  ctx.strokeStyle = colourOf('--warning');
  ctx.fillStyle = colourOf('--alert');
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

/** One chart with its heading, its marks, and single values under the pointer or the arrow keys. */
export class Chart {
  readonly root: HTMLElement;
  readonly #definition: ChartDefinition;
  readonly #plotArea = create('div', { class: 'plot', 'aria-hidden': 'true' });
  readonly #readout = create('output', { 'aria-live': 'polite' });
  #plot: uPlot | null = null;
  /** The row that is read out. */
  #row: number | null = null;
  #shown: { readonly series: HistorySeries; readonly span: Span; readonly untilSeconds: number } | null =
    null;

  constructor(definition: ChartDefinition) {
    this.#definition = definition;
    const unit = definition.unit === '' ? '' : `, ${definition.unit}`;
    this.root = create('figure', { class: 'card chart', tabindex: '0' }, [
      create('figcaption', {}, [create('strong', {}, `${definition.title}${unit}`), this.#readout]),
      this.#plotArea,
    ]);
    this.root.addEventListener('keydown', (event) => this.#moveCursor(event));
    this.root.addEventListener('blur', () => this.#plot?.setCursor({ left: -10, top: -10 }));
    new ResizeObserver(() => this.#fit()).observe(this.#plotArea);
  }

  show(series: HistorySeries, span: Span): void {
    const readSeconds = this.#row === null ? undefined : this.#shown?.series.time[this.#row];
    this.#shown = { series, span, untilSeconds: Date.now() / 1000 };
    this.redraw();
    // Whoever reads a value goes on reading it.
    const row = readSeconds === undefined ? -1 : series.time.findIndex((seconds) => seconds >= readSeconds);
    if (row >= 0) this.#read(row);
  }

  /** Also after the colours have changed. */
  redraw(): void {
    if (this.#shown === null || this.#plotArea.clientWidth === 0) return;
    this.#plot?.destroy();
    const { series } = this.#shown;
    const data: uPlot.AlignedData = [
      [...series.time],
      ...this.#definition.lines.map(({ of }) => [...of(series.values)]),
    ];
    this.#plot = new uPlot(this.#options(series), data, this.#plotArea);
    this.#describe();
  }

  #options(series: HistorySeries): uPlot.Options {
    const definition = this.#definition;
    const isDense = series.time.length > 200;
    const painting = (plot: uPlot) => ({ plot, series, definition });
    return {
      width: this.#plotArea.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      padding: [8, 20, 0, 0],
      cursor: { sync: { key: 'charts' }, drag: { x: false, y: false }, y: false, points: { size: 8 } },
      scales: {
        x: { time: true, range: () => this.#horizontalRange() },
        y: { range: (_plot, lowest, highest) => verticalRange(definition.range, lowest, highest) },
      },
      axes: this.#axes(),
      series: [{}, ...definition.lines.map((each) => lineSeries(each, isDense))],
      hooks: {
        drawClear: [(plot) => paintGaps(painting(plot))],
        draw: [(plot) => paintFlags(painting(plot))],
        setCursor: [(plot) => this.#readOut(plot.cursor.idx ?? this.#rowInFocus())],
      },
    };
  }

  #axes(): uPlot.Axis[] {
    const { ticks, text } = this.#definition;
    const look = {
      stroke: colourOf('--muted'),
      grid: { stroke: colourOf('--line'), width: 1 },
      ticks: { show: false },
      font: '12px system-ui, sans-serif',
    };
    return [
      {
        ...look,
        space: 60,
        size: 28,
        values: (_plot, seconds) => timeLabels(seconds),
      },
      {
        ...look,
        size: 48,
        gap: 4,
        ...(ticks === undefined
          ? { space: 28, values: (_plot: uPlot, splits: number[]) => splits.map(plainText) }
          : { splits: [...ticks], values: (_plot: uPlot, splits: number[]) => splits.map(text) }),
      },
    ];
  }

  #horizontalRange(): [number, number] {
    if (this.#shown === null) return [0, 0];
    const { series, span, untilSeconds } = this.#shown;
    return [fromSeconds(series, { untilSeconds, minutes: span.minutes }), untilSeconds];
  }

  #fit(): void {
    if (this.#plot === null) this.redraw();
    else this.#plot.setSize({ width: this.#plotArea.clientWidth, height: HEIGHT });
  }

  /** The cursors of all charts move together: one that is drawn anew must not take it from whoever reads another. */
  #rowInFocus(): number | null {
    return document.activeElement === this.root ? this.#row : null;
  }

  #readOut(row: number | null): void {
    this.#row = row;
    if (this.#shown === null) return;
    const { series } = this.#shown;
    const isRow = row !== null && series.time[row] !== undefined;
    setText(
      this.#readout,
      isRow ? rowText(this.#definition, series, row) : extremesText(this.#definition, series),
    );
  }

  #describe(): void {
    this.#readOut(null);
    const { textContent } = this.#readout;
    const extremes = textContent === null || textContent === '' ? '' : `: ${textContent}`;
    this.root.setAttribute(
      'aria-label',
      `${this.#definition.title}, last ${this.#shown?.span.name ?? ''}${extremes}. Arrow keys read single values.`,
    );
  }

  #read(row: number): void {
    const seconds = this.#shown?.series.time[row] ?? 0;
    // Without its hook, which would read out the row that is nearest to a whole pixel.
    this.#plot?.setCursor({ left: this.#plot.valToPos(seconds, 'x'), top: 10 }, false);
    this.#readOut(row);
  }

  #moveCursor(event: KeyboardEvent): void {
    const plot = this.#plot;
    const moves: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, Home: -1e6, End: 1e6 };
    const move = moves[event.key];
    if (plot === null || move === undefined) return;
    event.preventDefault();
    const last = plot.data[0].length - 1;
    const row = Math.min(last, Math.max(0, (this.#row ?? last + 1) + move));
    this.#read(row);
  }
}

import type { HistorySeries } from '../../history/series.ts';
import type { UnitSystem } from '../../weather/display-units.ts';
import { formatError } from '../../weather/format.ts';
import { quantityTable } from '../../weather/quantities.ts';
import { Chart, type Span } from './chart.ts';
import { chartDefinitionsOf, isCharted } from './chart-definitions.ts';
import { create, element, setText } from './elements.ts';

const spans: readonly [Span, ...Span[]] = [
  { name: '1 h', minutes: 60 },
  { name: '3 h', minutes: 180 },
  { name: '12 h', minutes: 720 },
  { name: '24 h', minutes: 1_440 },
  { name: '3 d', minutes: 4_320 },
  { name: '7 d', minutes: 10_080 },
];

const chartsIn = (units: UnitSystem) =>
  chartDefinitionsOf(quantityTable, units).map((definition) => ({
    definition,
    chart: new Chart(definition),
  }));

const MIN_MS = 10_000;
const LATEST_MS = 300_000;

/** The charts of one span, fetched again as often as a new row can have come. */
export class Charts {
  readonly #list = element('chart-list');
  #units: UnitSystem = 'metric';
  #charts = chartsIn('metric');
  readonly #onSeries: (series: HistorySeries, spanName: string) => void;
  #span: Span = spans[0];
  #timer = 0;

  constructor(onSeries: (series: HistorySeries, spanName: string) => void) {
    this.#onSeries = onSeries;
    this.#showStandard();
    element('ranges').append(...spans.map((span) => this.#choice(span)));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      for (const { chart } of this.#charts) chart.redraw();
    });
  }

  async refresh(): Promise<void> {
    clearTimeout(this.#timer);
    const span = this.#span;
    let waitMs = MIN_MS;
    try {
      const response = await fetch(`api/readings?minutes=${span.minutes}`);
      if (!response.ok) throw new Error(`the station answered ${response.status}`);
      const series: HistorySeries = await response.json();
      if (span !== this.#span) return;
      for (const { definition, chart } of this.#charts) {
        if (!isCharted(definition, series)) chart.root.remove();
        else if (!chart.root.isConnected) this.#list.append(chart.root);
        chart.show(series, span);
      }
      this.#onSeries(series, span.name);
      this.#showFault(null);
      waitMs = Math.min(LATEST_MS, Math.max(MIN_MS, series.rowSeconds * 1000));
    } catch (error) {
      this.#showFault(formatError(error));
    }
    this.#timer = window.setTimeout(() => void this.refresh(), waitMs);
  }

  /** Makes the charts anew where the units are others. */
  useUnits(units: UnitSystem): void {
    if (units === this.#units) return;
    this.#units = units;
    this.#charts = chartsIn(units);
    this.#showStandard();
    void this.refresh();
  }

  #showStandard(): void {
    const standard = this.#charts.filter(({ definition }) => !definition.isOptional);
    this.#list.replaceChildren(...standard.map(({ chart }) => chart.root));
  }

  /** While nobody looks. */
  rest(): void {
    clearTimeout(this.#timer);
  }

  #choice(span: Span): HTMLElement {
    const input = create('input', { type: 'radio', name: 'range', value: String(span.minutes) });
    if (span === this.#span) input.setAttribute('checked', '');
    input.addEventListener('change', () => {
      this.#span = span;
      void this.refresh();
    });
    return create('label', {}, [input, create('span', {}, span.name)]);
  }

  #showFault(fault: string | null): void {
    const target = element('charts-fault');
    target.hidden = fault === null;
    setText(target, fault === null ? '' : `The charts are not up to date: ${fault}`);
  }
}

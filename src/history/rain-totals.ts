import type { LocalDays } from '../weather/day.ts';
import { formatDatetime } from '../weather/message.ts';
import type { Instant, Measurement } from '../weather/reading.ts';

/** Rain by the station's own day and by the event. */
export type RainStatus = {
  /** YYYY-MM-DD, by the clock of the station's time zone. */
  readonly date: string;
  /** What the gauge measured since the day began; `null` when it measured nothing at all, not even 0. */
  readonly todayMm: number | null;
  /** The one that goes on, or the last one of the last two days. */
  readonly event: RainEvent | null;
};

type RainEvent = {
  readonly mm: number;
  /** UTC, of the first and the last reading with rain. */
  readonly from: string;
  readonly to: string;
  readonly isOver: boolean;
};

type RainTotalsOptions = {
  /** Dates a reading when it is asked for, with what is known of the clock by then. */
  readonly stampOf: (at: Instant) => { readonly wallMs: number };
  readonly wallMs: () => number;
  readonly days: LocalDays;
};

const HOUR_MS = 3_600_000;
/** Six hours without rain end an event: what is usual in hydrology (Huff 1967). */
const EVENT_ENDS_AFTER_MS = 6 * HOUR_MS;
/** As far as a restart looks back, unless it rains on. */
const RESTORED_MS = 48 * HOUR_MS;
const KEPT_MS = 7 * 24 * HOUR_MS;
/** More than a week of a bucket that tips in every reading of a minute: of another kind of trouble. */
const MAX_FALLS = 20_000;

type Fall = { readonly at: Instant; readonly mm: number };
type DatedFall = { readonly atMs: number; readonly mm: number };

/** Adds up rain. Holds readings with rain only, by their instants, since a clock that is set dates them anew. */
export class RainTotals {
  readonly #options: RainTotalsOptions;
  /** Oldest first. */
  #falls: Fall[] = [];
  /** The newest reading in which the gauge worked. */
  #measuredAt: Instant | null = null;

  constructor(options: RainTotalsOptions) {
    this.#options = options;
  }

  note({ at, values: { rainheight } }: Pick<Measurement, 'at' | 'values'>): void {
    if (rainheight === null) return;
    this.#measuredAt = at;
    if (rainheight === 0) return;
    this.#falls.push({ at, mm: rainheight });
    const oldest = this.#falls[0];
    const isOld = oldest !== undefined && this.#atMs(oldest.at) < this.#options.wallMs() - KEPT_MS;
    if (isOld || this.#falls.length > MAX_FALLS) this.#falls.shift();
  }

  /** Takes up what fell before this run, out of pages of readings, newest first, until nothing older counts. */
  async restore(
    pages: AsyncIterable<readonly Pick<Measurement, 'at' | 'values'>[]>,
    signal: AbortSignal,
  ): Promise<void> {
    const falls: Fall[] = [];
    for await (const page of pages) {
      for (const { at, values } of page) {
        if (values.rainheight === null) continue;
        this.#measuredAt ??= at;
        if (values.rainheight > 0) falls.push({ at, mm: values.rainheight });
      }
      const oldest = page.at(-1);
      if (signal.aborted || (oldest !== undefined && this.#isEnough(oldest.at, falls.at(-1)))) break;
    }
    this.#falls = [...falls.reverse(), ...this.#falls];
  }

  #isEnough(at: Instant, lastFall: Fall | undefined): boolean {
    const atMs = this.#atMs(at);
    if (atMs > this.#options.wallMs() - RESTORED_MS) return false;
    return lastFall === undefined || this.#atMs(lastFall.at) - atMs > EVENT_ENDS_AFTER_MS;
  }

  status(): RainStatus {
    const nowMs = this.#options.wallMs();
    const { date, startMs } = this.#options.days.dayOf(nowMs);
    const falls = this.#falls.map(({ at, mm }) => ({ atMs: this.#atMs(at), mm }));
    const isMeasured = this.#measuredAt !== null && this.#atMs(this.#measuredAt) >= startMs;
    const today = falls.filter(({ atMs }) => atMs >= startMs).reduce((sum, { mm }) => sum + mm, 0);
    return { date, todayMm: isMeasured ? today : null, event: eventOf(falls, nowMs) };
  }

  #atMs(at: Instant): number {
    return this.#options.stampOf(at).wallMs;
  }
}

/** The last falls with less than six hours from one to the next. */
const eventOf = (falls: readonly DatedFall[], nowMs: number): RainEvent | null => {
  const ordered = falls.toSorted((left, right) => left.atMs - right.atMs);
  const last = ordered.at(-1);
  if (last === undefined || last.atMs < nowMs - RESTORED_MS) return null;
  const begin = ordered.findLastIndex(
    ({ atMs }, index) => atMs - (ordered[index - 1]?.atMs ?? Number.NEGATIVE_INFINITY) >= EVENT_ENDS_AFTER_MS,
  );
  const event = ordered.slice(Math.max(0, begin));
  return {
    mm: event.reduce((sum, { mm }) => sum + mm, 0),
    from: formatDatetime(event[0]?.atMs ?? last.atMs),
    to: formatDatetime(last.atMs),
    isOver: nowMs - last.atMs >= EVENT_ENDS_AFTER_MS,
  };
};

import type { Log } from '../log.ts';
import { StorageFullError, type Store, type StoreChange } from '../store/store.ts';
import { LocalDays } from '../weather/day.ts';
import { type QuantityTable, quantityTable } from '../weather/quantities.ts';
import type { Instant, Measurement, Stamp } from '../weather/reading.ts';
import { decodeEntry, encodeEntry, type HistoryEntry, meanOf } from './entry.ts';
import { type RainStatus, RainTotals } from './rain-totals.ts';
import { type HistorySeries, seriesOf, type TimedEntry } from './series.ts';

type TierOptions = {
  readonly store: Store;
  /** Of the tier's keys, with a slash at its end. */
  readonly prefix: string;
  /** More entries than this are never kept for long. */
  readonly maxEntries: number;
  readonly quantityTable: QuantityTable;
};

const DIGITS = 12;
/** Entries between two trims: a range delete each time would cost as much as the append. */
const TRIM_EVERY = 256;
/** Read at once; between two pages the event loop goes its round. */
const PAGE_ENTRIES = 200;

/**
 * Entries of one kind in the order they came, under a counter of their own: a clock that steps reorders nothing,
 * and the oldest are told without one.
 */
class Tier {
  readonly #options: TierOptions;
  #nextNumber = 0;

  constructor(options: TierOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const last = await this.#page(this.#keyOf(0), `${this.#options.prefix}:`, 1);
    const [key] = last[0] ?? [];
    const number = key === undefined ? -1 : Number(key.slice(this.#options.prefix.length));
    this.#nextNumber = Number.isSafeInteger(number) ? number + 1 : 0;
  }

  /** The change that appends; the caller writes it, together with others. */
  append(entry: HistoryEntry): StoreChange {
    const change = {
      key: this.#keyOf(this.#nextNumber),
      value: encodeEntry(entry, this.#options.quantityTable),
    };
    this.#nextNumber += 1;
    return change;
  }

  /** Forgets the oldest beyond the bound, now and then. */
  async trim(): Promise<void> {
    const { store, maxEntries } = this.#options;
    if (this.#nextNumber % TRIM_EVERY !== 0 || this.#nextNumber <= maxEntries) return;
    await store.deleteRange({ from: this.#keyOf(0), until: this.#keyOf(this.#nextNumber - maxEntries) });
  }

  /** Newest first, as far back as the caller reads. What a damaged disk made unreadable is left out. */
  async *newestFirst(): AsyncGenerator<readonly HistoryEntry[], void, undefined> {
    let until = this.#keyOf(this.#nextNumber);
    for (;;) {
      const page = await this.#page(this.#keyOf(0), until, PAGE_ENTRIES);
      const oldest = page.at(-1);
      if (oldest === undefined) return;
      yield page.flatMap(([, value]) => decodeEntry(value, this.#options.quantityTable) ?? []);
      until = oldest[0];
    }
  }

  #page(from: string, until: string, limit: number): ReturnType<Store['entries']> {
    return this.#options.store.entries({ from, until }, { limit, reverse: true });
  }

  #keyOf(number: number): string {
    return `${this.#options.prefix}${String(number).padStart(DIGITS, '0')}`;
  }
}

type HistoryOptions = {
  readonly store: Store;
  /** Dates an entry when it is asked for, with what is known of the clock by then. */
  readonly stampOf: (at: Instant) => Stamp;
  readonly wallMs: () => number;
  /** Between two readings. */
  readonly intervalMs: number;
  readonly log: Log;
  /** The station's own; the machine's without. */
  readonly days?: LocalDays;
  readonly quantityTable?: QuantityTable;
};

export type History = {
  /** Not synced: a power cut costs the newest points of the charts. A full disk costs points, too, and never rejects. */
  append(measurement: Measurement): Promise<void>;
  /** The newest readings of a span of the station's own time, oldest first: what rules remember across a restart. */
  recent(spanMs: number): Promise<Measurement[]>;
  /** The last `minutes`, in at most about 720 rows. */
  query(minutes: number): Promise<HistorySeries>;
  /** Rain of the local day and of the event. */
  rain(): RainStatus;
  /** Adds the rain of earlier runs to it; takes a while. */
  restoreRain(signal: AbortSignal): Promise<void>;
};

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const READINGS_KEPT_MS = 7 * DAY_MS;
const PERIOD_MS = 10 * MINUTE_MS;
/** Two years of ten minutes, one of them a leap year. */
const PERIODS_KEPT = (731 * DAY_MS) / PERIOD_MS;
/** What a chart can show. */
const MAX_ROWS = 720;
/** A clock that was set back leaves entries behind that claim to be of the future. */
const FUTURE_MS = MINUTE_MS;

/** The longest span kept, for whoever checks what is asked for. */
export const HISTORY_MAX_MINUTES = (731 * DAY_MS) / MINUTE_MS;

/** Ten minutes of one boot's monotonic time: no step of the clock cuts a period short or makes it long. */
const periodOf = ({ bootId, monotonicMs }: Instant): string =>
  `${bootId} ${Math.floor(monotonicMs / PERIOD_MS)}`;

/** Opens what an earlier run has left, the ten minutes it was in the midst of included. */
export const openHistory = async (options: HistoryOptions): Promise<History> => {
  const history = new TieredHistory(options);
  await history.open();
  return history;
};

class TieredHistory implements History {
  readonly #options: HistoryOptions;
  readonly #quantityTable: QuantityTable;
  readonly #readings: Tier;
  readonly #periods: Tier;
  readonly #rain: RainTotals;
  /** Readings of the period that is not over, oldest first. */
  #current: HistoryEntry[] = [];
  #isFull = false;

  constructor(options: HistoryOptions) {
    this.#options = options;
    const { store, intervalMs, stampOf, wallMs, days = new LocalDays() } = options;
    this.#quantityTable = options.quantityTable ?? quantityTable;
    this.#rain = new RainTotals({ stampOf, wallMs, days });
    this.#readings = new Tier({
      store,
      prefix: 'history/reading/',
      maxEntries: Math.ceil(READINGS_KEPT_MS / intervalMs),
      quantityTable: this.#quantityTable,
    });
    this.#periods = new Tier({
      store,
      prefix: 'history/tenminutes/',
      maxEntries: PERIODS_KEPT,
      quantityTable: this.#quantityTable,
    });
  }

  async open(): Promise<void> {
    await this.#readings.open();
    await this.#periods.open();
    this.#current = await this.#unfinishedPeriod();
  }

  rain(): RainStatus {
    return this.#rain.status();
  }

  async restoreRain(signal: AbortSignal): Promise<void> {
    try {
      await this.#rain.restore(this.#readings.newestFirst(), signal);
    } catch (error) {
      // A station measures on without the rain of earlier runs.
      this.#options.log.warn({ err: error }, 'the rain of earlier runs cannot be read');
    }
  }

  async append({ at, values, quality }: Measurement): Promise<void> {
    this.#rain.note({ at, values });
    const entry: HistoryEntry = { at, count: 1, values, quality };
    const changes = [this.#readings.append(entry)];
    const [first] = this.#current;
    if (first !== undefined && periodOf(first.at) !== periodOf(at)) {
      changes.push(this.#periods.append(meanOf(this.#current, this.#quantityTable)));
      this.#current = [];
    }
    this.#current.push(entry);
    try {
      await this.#options.store.write(changes, { sync: false });
      await this.#readings.trim();
      await this.#periods.trim();
      this.#noteFull(false);
    } catch (error) {
      if (!(error instanceof StorageFullError)) throw error;
      this.#noteFull(true);
    }
  }

  async recent(spanMs: number): Promise<Measurement[]> {
    const wanted = Math.ceil(spanMs / this.#options.intervalMs);
    const found: HistoryEntry[] = [];
    for await (const page of this.#readings.newestFirst()) {
      found.push(...page);
      if (found.length >= wanted) break;
    }
    return found
      .slice(0, wanted)
      .reverse()
      .map(({ at, values, quality }) => ({ at, values, quality }));
  }

  async query(minutes: number): Promise<HistorySeries> {
    const spanMs = minutes * MINUTE_MS;
    const usesPeriods = spanMs / MAX_ROWS > PERIOD_MS / 2;
    const entryMs = usesPeriods ? PERIOD_MS : this.#options.intervalMs;
    // Whole entries to a row, or some rows would hold one more than their neighbours.
    const rowMs = Math.max(1, Math.ceil(spanMs / MAX_ROWS / entryMs)) * entryMs;
    const fromMs = this.#options.wallMs() - spanMs;
    const { found, hasEarlier } = await this.#since(usesPeriods ? this.#periods : this.#readings, fromMs);
    if (usesPeriods && this.#current.length > 0)
      found.push(this.#dated(meanOf(this.#current, this.#quantityTable)));
    const untilMs = this.#options.wallMs() + FUTURE_MS;
    const within = found.filter(({ atMs }) => atMs >= fromMs && atMs <= untilMs);
    return seriesOf(within, { minutes, entryMs, rowMs, hasEarlier }, this.#quantityTable);
  }

  /** Ends at the newest page that is older than the span as a whole: those behind it were written before it. */
  async #since(tier: Tier, fromMs: number): Promise<{ found: TimedEntry[]; hasEarlier: boolean }> {
    const found: TimedEntry[] = [];
    for await (const page of tier.newestFirst()) {
      const dated = page.map((entry) => this.#dated(entry));
      if (dated.length > 0 && dated.every(({ atMs }) => atMs < fromMs)) return { found, hasEarlier: true };
      found.push(...dated);
    }
    return { found, hasEarlier: found.some(({ atMs }) => atMs < fromMs) };
  }

  #dated(entry: HistoryEntry): TimedEntry {
    return { atMs: this.#options.stampOf(entry.at).wallMs, entry };
  }

  async #unfinishedPeriod(): Promise<HistoryEntry[]> {
    const found: HistoryEntry[] = [];
    for await (const page of this.#readings.newestFirst()) {
      for (const entry of page) {
        if (periodOf(entry.at) !== periodOf(found[0]?.at ?? entry.at)) return found.reverse();
        found.push(entry);
      }
    }
    return found.reverse();
  }

  #noteFull(isFull: boolean): void {
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    const { log } = this.#options;
    if (isFull) log.warn({}, 'the disk is full: the history misses readings');
    else log.info({}, 'the history is written again');
  }
}

/** A landing table and the columns that a COPY names, so that `loaded` takes its default (`cloud/sql/001-*.sql`). */
type LandingTable = { readonly name: string; readonly columns: readonly string[] };

const stationMessage = ['deviceid', 'epoch'] as const;

/** The key is also the folder in the bucket that the files wait in. */
export const landingTables = {
  sensordata: {
    name: 'sensordata_landing',
    columns: [
      ...['deviceid', 'datetime', 'temperature', 'humidity', 'winddirection', 'windintensity', 'rainheight'],
      ...['epoch', 'seq', 'windgust', 'pressure', 'timequality', 'quality', 'previousepoch', 'previousseq'],
      ...['extra', 'soiltemperature', 'secondtemperature', 'supplyvoltage', 'supplycurrent', 'illuminance'],
    ],
  },
  averages: {
    name: 'sensordata_avgs_landing',
    columns: [
      ...['deviceid', 'weatherstationname', 'min_datetime', 'avg_temperature', 'avg_humidity', 'msg_count'],
      ...['datetime', 'epoch', 'seq', 'revision'],
    ],
  },
  gaps: {
    name: 'gaps_landing',
    columns: [
      ...stationMessage,
      'fromseq',
      'toseq',
      'count',
      'from',
      'to',
      'reason',
      'previousepoch',
      'previousseq',
    ],
  },
  prealerts: {
    name: 'prealerts_landing',
    columns: [
      ...[...stationMessage, 'seq', 'datetime', 'timequality', 'rule', 'kind', 'quantity', 'severity'],
      ...['transition', 'value', 'limit', 'unit', 'minutestolimit', 'text'],
    ],
  },
  status: {
    name: 'status_landing',
    columns: [...stationMessage, 'state', 'datetime', 'version', 'waiting', 'receivedms'],
  },
  health: {
    name: 'health_landing',
    columns: [
      ...[...stationMessage, 'datetime', 'timequality', 'version', 'uptime', 'waiting', 'unstored'],
      ...['instruments', 'failing', 'faults', 'doubted', 'lostpulses', 'store', 'uncleanshutdowns', 'boots'],
      ...['clocksteps', 'certificatedays', 'writtenbytes', 'reconnects', 'problem', 'refused', 'freedisk'],
      ...['freememory', 'load', 'cputemperature', 'undervoltage', 'undervoltages', 'lastundervoltage'],
      ...['throttled', 'wifisignal', 'receivedms'],
    ],
  },
} as const satisfies Record<string, LandingTable>;

export type LandingTableKey = keyof typeof landingTables;

/** Words that Redshift reserves; a station's message has them as keys. */
const RESERVED = new Set(['from', 'limit', 'to']);

export const columnList = ({ columns }: LandingTable): string =>
  columns.map((column) => (RESERVED.has(column) ? `"${column}"` : column)).join(',');

/**
 * ROUNDEC: an average with a second decimal is rounded like everywhere else, not cut. MAXERROR: one station's
 * nonsense must not keep the others' readings out; what is skipped is counted by the daily check.
 */
export const COPY_OPTIONS = "JSON 'auto' GZIP TIMEFORMAT 'auto' ROUNDEC MAXERROR 1000";

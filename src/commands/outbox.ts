import { type Inspection, inspectOutbox, type Verified } from '../outbox/inspection.ts';
import { lanes, type OutboxStats } from '../outbox/records.ts';
import { StorageFullError, StorageLockedError } from '../store/store.ts';
import { printable, printableJson } from '../weather/format.ts';
import { configured, refuse, stateDirectoryOf } from './command.ts';

const PEEKED_RECORDS = 10;

/** What a subcommand found: for `--json`, for a person, and whether all is well. */
type Finding = { readonly json: unknown; readonly text: string; readonly isWhole: boolean };

const statsText = ({ epoch, lanes: byLane, totals }: OutboxStats): string =>
  [
    `epoch      ${epoch}`,
    ...Object.entries(totals).map(([name, count]) => `${name.padEnd(10)} ${count}`),
    ...lanes.map((lane) => {
      const { waiting, waitingBytes, oldest } = byLane[lane];
      const from = oldest === null ? '' : `, oldest ${oldest.epoch} ${oldest.seq}`;
      return `${lane.padEnd(10)} ${waiting} waiting, ${waitingBytes} bytes${from}`;
    }),
  ].join('\n');

const stats = (inspection: Inspection): Promise<Finding> => {
  const found = inspection.stats();
  return Promise.resolve({ json: found, text: statsText(found), isWhole: true });
};

const peek = async (inspection: Inspection): Promise<Finding> => {
  const waiting = [];
  for (const lane of lanes)
    for (const record of await inspection.peek(lane, PEEKED_RECORDS)) waiting.push({ lane, ...record });
  const setAside = await inspection.deadLetters();
  const lines = [
    ...waiting.map(({ lane, epoch, seq, body }) => `${lane} ${epoch} ${seq} ${JSON.stringify(body)}`),
    ...setAside.map(
      ({ lane, epoch, seq, reason, body }) =>
        `set aside (${reason}): ${lane} ${epoch} ${seq} ${JSON.stringify(body)}`,
    ),
  ];
  return {
    json: { waiting, setAside },
    text: lines.length === 0 ? 'nothing waits' : lines.join('\n'),
    isWhole: true,
  };
};

const verifiedText = ({ lane, records, losses }: Verified): string =>
  [
    `${lane.padEnd(10)} ${records} records whole, ${losses.length} places damaged`,
    ...losses.map(
      ({ from, until }) => `  from ${from.epoch} ${from.seq} to before ${until.epoch} ${until.seq}`,
    ),
  ].join('\n');

const verify = async (inspection: Inspection): Promise<Finding> => {
  const found = await inspection.verify();
  return {
    json: { damage: inspection.damage, lanes: found },
    text: found.map(verifiedText).join('\n'),
    isWhole: found.every(({ losses }) => losses.length === 0),
  };
};

const subcommands: Readonly<Record<string, (inspection: Inspection) => Promise<Finding>>> = {
  stats,
  peek,
  verify,
};

/** Looks at the store while the daemon is stopped; exit status 1 when it is damaged or cannot be looked at. */
export const command = configured(async (config, args, context) => {
  const { out } = context;
  const [name = ''] = args.operands;
  const look = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
  if (look === undefined) return refuse(context, 'outbox needs one of: stats, peek, verify');
  try {
    const inspection = await inspectOutbox(stateDirectoryOf(config, context));
    if (typeof inspection === 'string') return refuse(context, inspection);
    const { json, text, isWhole } = await look(inspection).finally(() => inspection.close());
    out.write(args.json === true ? `${printableJson(json)}\n` : `${printable(text)}\n`);
    if (inspection.damage !== null) return refuse(context, `damaged: ${inspection.damage}`);
    return isWhole ? 0 : 1;
  } catch (error) {
    if (error instanceof StorageLockedError || error instanceof StorageFullError)
      return refuse(context, error.message);
    throw error;
  }
});

import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DescribeEndpointCommand, type IoTClient } from '@aws-sdk/client-iot';
import type { S3Client } from '@aws-sdk/client-s3';
import { parse } from 'csv-parse/sync';
import { formatError } from '../../src/weather/format.ts';
import { type ClaimState, SERIAL } from '../contract/claims.ts';
import type { StackOutputs } from '../contract/outputs.ts';
import { checkStation, type Station } from '../contract/stations.ts';
import { listClaim } from './claims.ts';
import { listStations } from './station-file.ts';

/** A station that may register by the claim; `serial` of its board where the card does not know which station it is. */
export type ListedStation = Station & { readonly serial?: string | undefined };

type Aws = { readonly iot: IoTClient; readonly s3: S3Client; readonly dynamo: DynamoDBClient };

const COLUMNS = ['deviceid', 'weatherstationname', 'timezone', 'serial'];
const AT_ONCE = 20;

/** Throws with one sentence a problem. */
const checkListed = ({
  serial: written = '',
  ...station
}: Station & { readonly serial?: string | undefined }): ListedStation => {
  const checked = checkStation(station);
  const serial = written.trim().toLowerCase();
  if (serial === '') return checked;
  if (!SERIAL.test(serial)) throw new Error(`"${written}" is no serial number of a board`);
  return { ...checked, serial };
};

const rowsOf = (
  text: string,
): { readonly line: number; readonly row: Readonly<Record<string, string>> }[] => {
  const records: { readonly info: { readonly lines: number }; readonly record: Record<string, string> }[] =
    parse(text, { bom: true, columns: true, info: true, skip_empty_lines: true, trim: true });
  return records.map(({ info, record }) => ({ line: info.lines, row: record }));
};

/**
 * Reads a list of stations to be let in: the columns of `stations.csv`, and `serial`. Throws with every line that is
 * wrong, so that nothing is listed of a list with a mistake in it.
 */
export const parseListing = (text: string): ListedStation[] => {
  const problems: string[] = [];
  const lineOf = new Map<string, number>();
  const listed: ListedStation[] = [];
  const note = (what: string, line: number): void => {
    const before = lineOf.get(what);
    if (before !== undefined) problems.push(`line ${line}: ${what} is in line ${before} already`);
    lineOf.set(what, line);
  };
  const rows = rowsOf(text);
  const foreign = Object.keys(rows[0]?.row ?? {}).filter((name) => !COLUMNS.includes(name));
  if (foreign.length > 0)
    throw new Error(`no column of this list: ${foreign.join(', ')}; there are ${COLUMNS.join(', ')}`);
  for (const { line, row } of rows) {
    const { deviceid = '', weatherstationname = '', timezone = '', serial } = row;
    try {
      const station = checkListed({ deviceid, weatherstationname, timezone, serial });
      note(`station ${station.deviceid}`, line);
      if (station.serial !== undefined) note(`board ${station.serial}`, line);
      listed.push(station);
    } catch (error) {
      problems.push(`line ${line}: ${formatError(error)}`);
    }
  }
  if (problems.length > 0) throw new Error(problems.join('\n'));
  if (listed.length === 0) throw new Error('the list names no station');
  return listed;
};

/** Writes the stations into the station file and the table of claims. Returns what became of each claim. */
export const listForClaim = async (
  { iot, s3, dynamo }: Aws,
  stack: Pick<StackOutputs, 'StationsBucket' | 'ClaimsTable'>,
  stations: readonly ListedStation[],
  isAgain: boolean,
): Promise<Map<string, ClaimState>> => {
  const checked = stations.map(checkListed);
  const { endpointAddress } = await iot.send(new DescribeEndpointCommand({ endpointType: 'iot:Data-ATS' }));
  if (endpointAddress === undefined) throw new Error('AWS IoT names no endpoint');
  await listStations(
    s3,
    stack.StationsBucket,
    checked.map(({ deviceid, weatherstationname, timezone }) => ({ deviceid, weatherstationname, timezone })),
  );
  const states = new Map<string, ClaimState>();
  for (let from = 0; from < checked.length; from += AT_ONCE) {
    const some = checked.slice(from, from + AT_ONCE).map(async ({ deviceid, weatherstationname, serial }) => {
      const claim = { id: deviceid, name: weatherstationname, serial, endpoint: endpointAddress };
      states.set(deviceid, await listClaim(dynamo, stack.ClaimsTable, claim, isAgain));
    });
    await Promise.all(some);
  }
  return states;
};

import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { IoTClient } from '@aws-sdk/client-iot';
import { S3Client } from '@aws-sdk/client-s3';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { checkStation } from '../../contract/stations.ts';
import { readmit } from '../claims.ts';
import { readDeployedStack } from '../deployed-stack.ts';
import { certificatesOf, enrollStation } from '../enrolment.ts';
import { gatewayConfiguration } from '../gateway-configuration.ts';
import { keepFile } from '../kept-file.ts';
import { type ListedStation, listForClaim, parseListing } from '../listing.ts';
import { listStations } from '../station-file.ts';
import { openQuestions, readNamed, runCommand, say } from './command-line.ts';

const USAGE = `npm run cloud:enroll -- FILE.csr --station NAME [--id ID] [--timezone ZONE] [--replace] [--yes]
npm run cloud:enroll -- --list ID --station NAME [--serial SERIAL] [--timezone ZONE]   only list it, for the claim
npm run cloud:enroll -- --csv FILE.csv   list many: deviceid,weatherstationname,timezone,serial

--replace   the station has a certificate, which stays valid until cloud:revoke -- ID --certificate takes it away
--serial    of the board, as the log of the card names it
--yes       do not ask`;

const confirm = async (question: string): Promise<void> => {
  const ask = openQuestions();
  if (!ask) throw new Error('there is nobody to ask: compare the fingerprint and add --yes');
  const answer = await ask(`${question} [yes/no] `);
  if (answer.trim().toLowerCase() !== 'yes') throw new Error('nothing was signed');
};

/** What can wait for nobody: who is listed may register at once. */
const list = async (stations: readonly ListedStation[], isAgain: boolean): Promise<number> => {
  const aws = { iot: new IoTClient(), s3: new S3Client(), dynamo: new DynamoDBClient() };
  const states = await listForClaim(aws, await readDeployedStack(), stations, isAgain);
  for (const { deviceid, weatherstationname, serial } of stations) {
    const board = serial === undefined ? '' : `, board ${serial}`;
    if (states.get(deviceid) === 'expected')
      say(`${deviceid}${board} is listed as ${weatherstationname} and may register once by the claim`);
    if (states.get(deviceid) === 'used') say(`${deviceid} has registered already and is left as it is`);
    if (states.get(deviceid) === 'revoked')
      say(`${deviceid} was revoked and stays out: --list ${deviceid} lets it in again`);
  }
  return 0;
};

/** Signs the request in a file, after a person has compared the keys. */
const sign = async (
  file: string,
  {
    id,
    replace,
    yes,
    ...named
  }: { id?: string; station: string; timezone: string; replace: boolean; yes: boolean },
): Promise<number> => {
  const { requestPem, request } = readNamed(file, 'a certificate signing request', (text) => ({
    requestPem: text,
    request: new Pkcs10CertificateRequest(text),
  }));
  const deviceid = id ?? request.subjectName.getField('CN')[0] ?? '';
  const station = checkStation({ deviceid, weatherstationname: named.station, timezone: named.timezone });
  const stack = await readDeployedStack();
  const iot = new IoTClient();
  const before = await certificatesOf(iot, deviceid);
  if (before.length > 0 && !replace) {
    throw new Error(`${deviceid} has a certificate already: is it that station? Then add --replace`);
  }
  const fingerprint = createHash('sha256').update(Buffer.from(request.publicKey.rawData)).digest('hex');
  say(`Station ${deviceid}, "${station.weatherstationname}"; SHA-256 of its public key:\n${fingerprint}`);
  if (!yes) await confirm('Does the station show the same? Sign?');

  await listStations(new S3Client(), stack.StationsBucket, [station]);
  const certificateFile = join(dirname(file), `${deviceid}.pem`);
  const endpoint = await enrollStation(iot, stack, { id: deviceid, requestPem }, async (certificatePem) => {
    await readmit(new DynamoDBClient(), stack.ClaimsTable, deviceid);
    await keepFile(certificateFile, certificatePem, 0o644);
  });
  say(`# ${certificateFile}: copy it to the station as /etc/weather-gateway/device.pem`);
  for (const arn of before) {
    const old = arn.split('/').at(-1);
    say(`# when it is connected with it: npm run cloud:revoke -- ${deviceid} --certificate ${old}`);
  }
  say('# gateway.yaml, these parts:');
  say(
    gatewayConfiguration({
      id: deviceid,
      name: station.weatherstationname,
      endpoint,
      topicPrefix: stack.TopicPrefix,
      template: stack.ProvisioningTemplate,
    }),
  );
  return 0;
};

await runCommand(USAGE, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      station: { type: 'string' },
      id: { type: 'string' },
      list: { type: 'string' },
      csv: { type: 'string' },
      serial: { type: 'string' },
      timezone: { type: 'string', default: '' },
      replace: { type: 'boolean', default: false },
      yes: { type: 'boolean', default: false },
    },
  });
  const { station, serial, timezone } = values;
  const [file, ...others] = positionals;
  const ways = [file, values.list, values.csv].filter((each) => each !== undefined);
  if (ways.length !== 1 || others.length > 0) throw new Error(USAGE);
  if (values.csv !== undefined) {
    const text = readNamed(values.csv, 'a list of stations', (content) => content);
    return await list(parseListing(text), false);
  }
  if (station === undefined) throw new Error(USAGE);
  if (values.list !== undefined)
    return await list([{ deviceid: values.list, weatherstationname: station, timezone, serial }], true);
  if (file === undefined || serial !== undefined) throw new Error(USAGE);
  return await sign(file, { ...values, station });
});

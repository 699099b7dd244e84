import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { IoTClient } from '@aws-sdk/client-iot';
import { S3Client } from '@aws-sdk/client-s3';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { checkStation } from '../../contract/stations.ts';
import { setClaim } from '../claims.ts';
import { readDeployedStack } from '../deployed-stack.ts';
import { certificatesOf, enrollStation } from '../enrolment.ts';
import { gatewayConfiguration } from '../gateway-configuration.ts';
import { listStation } from '../station-file.ts';
import { openQuestions, runCommand, say } from './command-line.ts';

const USAGE = `npm run cloud:enroll -- FILE.csr --station NAME [--id ID] [--timezone ZONE] [--replace] [--yes]
npm run cloud:enroll -- --list ID --station NAME [--timezone ZONE]   only list it, for fleet provisioning

--replace   the station has a certificate, which stays valid until cloud:revoke -- ID --certificate takes it away
--yes       do not ask`;

const confirm = async (question: string): Promise<void> => {
  const ask = openQuestions();
  if (!ask) throw new Error('there is nobody to ask: compare the fingerprint and add --yes');
  const answer = await ask(`${question} [yes/no] `);
  if (answer.trim().toLowerCase() !== 'yes') throw new Error('nothing was signed');
};

await runCommand(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      station: { type: 'string' },
      id: { type: 'string' },
      list: { type: 'string' },
      timezone: { type: 'string', default: '' },
      replace: { type: 'boolean', default: false },
      yes: { type: 'boolean', default: false },
    },
  });
  const [file] = positionals;
  if (values.station === undefined || (file === undefined) === (values.list === undefined)) {
    throw new Error(USAGE);
  }
  const requestPem = file === undefined ? '' : readFileSync(file, 'utf8');
  const request = file === undefined ? undefined : new Pkcs10CertificateRequest(requestPem);
  const deviceid = values.list ?? values.id ?? request?.subjectName.getField('CN')[0] ?? '';
  const station = checkStation({ deviceid, weatherstationname: values.station, timezone: values.timezone });

  const stack = await readDeployedStack();
  if (file === undefined || request === undefined) {
    await listStation(new S3Client(), stack.StationsBucket, station);
    await setClaim(new DynamoDBClient(), stack.ClaimsTable, deviceid, 'expected');
    say(`${deviceid} is listed as ${station.weatherstationname} and may register once by the claim`);
    return 0;
  }

  const iot = new IoTClient();
  const before = await certificatesOf(iot, deviceid);
  if (before.length > 0 && !values.replace) {
    throw new Error(`${deviceid} has a certificate already: is it that station? Then add --replace`);
  }
  const fingerprint = createHash('sha256').update(Buffer.from(request.publicKey.rawData)).digest('hex');
  say(`Station ${deviceid}, "${station.weatherstationname}"; SHA-256 of its public key:\n${fingerprint}`);
  if (!values.yes) await confirm('Does the station show the same? Sign?');

  await listStation(new S3Client(), stack.StationsBucket, station);
  const { certificatePem, endpoint } = await enrollStation(iot, stack, { id: deviceid, requestPem });
  const certificateFile = join(dirname(file), `${deviceid}.pem`);
  writeFileSync(certificateFile, certificatePem);
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
    }),
  );
  return 0;
});

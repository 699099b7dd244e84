import 'reflect-metadata';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { IoTClient } from '@aws-sdk/client-iot';
import { S3Client } from '@aws-sdk/client-s3';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { STATION_ID, STATION_ID_IN_WORDS } from '../../../src/weather/station-id.ts';
import { readDeployedStack } from '../deployed-stack.ts';
import { enrollStation } from '../enrolment.ts';
import { gatewayConfiguration } from '../gateway-configuration.ts';
import { listStation } from '../station-file.ts';
import { runCommand, say } from './command-line.ts';

const USAGE = `npm run cloud:enroll -- FILE.csr --station NAME [--id ID]
npm run cloud:enroll -- --list ID --station NAME      only list it, for fleet provisioning`;

const commonName = (requestPem: string): string =>
  new Pkcs10CertificateRequest(requestPem).subjectName.getField('CN')[0] ?? '';

await runCommand(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { station: { type: 'string' }, id: { type: 'string' }, list: { type: 'string' } },
  });
  const [file] = positionals;
  if (values.station === undefined || (file === undefined) === (values.list === undefined))
    throw new Error(USAGE);
  const requestPem = file === undefined ? undefined : readFileSync(file, 'utf8');
  const id = values.list ?? values.id ?? commonName(requestPem ?? '');
  if (!STATION_ID.test(id)) throw new Error(`"${id}" is no station id: ${STATION_ID_IN_WORDS}`);

  const stack = await readDeployedStack();
  await listStation(new S3Client(), stack.StationsBucket, {
    deviceid: id,
    weatherstationname: values.station,
  });
  if (file === undefined || requestPem === undefined) {
    say(`${id} is listed as ${values.station}`);
    return 0;
  }
  const { certificatePem, endpoint } = await enrollStation(new IoTClient(), stack, { id, requestPem });
  const certificateFile = join(dirname(file), `${id}.pem`);
  writeFileSync(certificateFile, certificatePem);
  say(`# ${certificateFile}: copy it to the station as /etc/weather-gateway/device.pem`);
  say(`# gateway.yaml, these parts:`);
  say(gatewayConfiguration({ id, name: values.station, endpoint, topicPrefix: stack.TopicPrefix }));
  return 0;
});

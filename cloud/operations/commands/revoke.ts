import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { IoTClient } from '@aws-sdk/client-iot';
import { readDeployedStack } from '../deployed-stack.ts';
import { certificateIdFrom, certificateIdOf, revokeAll, revokeCertificate } from '../enrolment.ts';
import { readNamed, runCommand, say } from './command-line.ts';

const USAGE = `npm run cloud:revoke -- ID                                      every certificate, and its claim
npm run cloud:revoke -- ID --certificate FILE|FINGERPRINT       that one alone`;

const certificateId = (fileOrFingerprint: string): string =>
  existsSync(fileOrFingerprint)
    ? readNamed(fileOrFingerprint, 'a certificate', certificateIdOf)
    : certificateIdFrom(fileOrFingerprint);

await runCommand(USAGE, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { certificate: { type: 'string' } },
  });
  const [id] = positionals;
  if (id === undefined || positionals.length > 1) throw new Error(USAGE);
  const one = values.certificate === undefined ? undefined : certificateId(values.certificate);
  const iot = new IoTClient();
  if (one !== undefined) {
    await revokeCertificate(iot, id, one);
    say(`${id}: certificate ${one} revoked and deleted`);
    return 0;
  }
  const { ClaimsTable } = await readDeployedStack();
  const count = await revokeAll(iot, new DynamoDBClient(), ClaimsTable, id);
  say(`${id}: ${count} certificate(s) revoked and deleted; the claim does not admit it`);
  return 0;
});

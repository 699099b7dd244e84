import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { IoTClient } from '@aws-sdk/client-iot';
import { revokeClaim } from '../claims.ts';
import { readDeployedStack } from '../deployed-stack.ts';
import { certificateIdFrom, certificateIdOf, revokeCertificate, revokeStation } from '../enrolment.ts';
import { runCommand, say } from './command-line.ts';

const USAGE = `npm run cloud:revoke -- ID                                      every certificate, and its claim
npm run cloud:revoke -- ID --certificate FILE|FINGERPRINT       that one alone`;

const certificateId = (fileOrFingerprint: string): string => {
  try {
    return certificateIdOf(readFileSync(fileOrFingerprint, 'utf8'));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    return certificateIdFrom(fileOrFingerprint);
  }
};

await runCommand(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { certificate: { type: 'string' } },
  });
  const [id] = positionals;
  if (id === undefined || positionals.length > 1) throw new Error(USAGE);
  const iot = new IoTClient();
  if (values.certificate !== undefined) {
    const one = certificateId(values.certificate);
    await revokeCertificate(iot, id, one);
    say(`${id}: certificate ${one} revoked and deleted`);
    return 0;
  }
  const { ClaimsTable } = await readDeployedStack();
  // First, so that it cannot register again while its certificates go.
  await revokeClaim(new DynamoDBClient(), ClaimsTable, id);
  say(
    `${id}: ${await revokeStation(iot, id)} certificate(s) revoked and deleted; the claim does not admit it`,
  );
  return 0;
});

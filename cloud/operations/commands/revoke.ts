import { IoTClient } from '@aws-sdk/client-iot';
import { revokeStation } from '../enrolment.ts';
import { runCommand, say } from './command-line.ts';

await runCommand(async () => {
  const [, , id] = process.argv;
  if (id === undefined) throw new Error('npm run cloud:revoke -- ID');
  const count = await revokeStation(new IoTClient(), id);
  say(`${id}: ${count} certificate(s) revoked and deleted`);
  return 0;
});

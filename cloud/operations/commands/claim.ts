import { IoTClient } from '@aws-sdk/client-iot';
import { readDeployedStack } from '../deployed-stack.ts';
import { makeClaim } from '../making-claim.ts';
import { runCommand, say } from './command-line.ts';

const USAGE = 'npm run cloud:claim -- FOLDER   makes a claim, and the folder that goes onto every card';

await runCommand(USAGE, async () => {
  const [folder, ...others] = process.argv.slice(2);
  if (folder === undefined || folder.startsWith('-') || others.length > 0) throw new Error(USAGE);
  const id = await makeClaim(new IoTClient(), await readDeployedStack(), folder);
  say(`${folder}: copy it to each card as /etc/weather-gateway/claim, owned by root`);
  say(
    'Whoever has it can ask for the certificate of a station that is listed and not registered. Switch it off when',
  );
  say(`the cards are registered: aws iot update-certificate --new-status INACTIVE --certificate-id ${id}`);
  return 0;
});

import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  AttachPolicyCommand,
  CreateKeysAndCertificateCommand,
  DescribeEndpointCommand,
  type IoTClient,
} from '@aws-sdk/client-iot';
import { stringify } from 'yaml';
import type { StackOutputs } from '../contract/outputs.ts';
import { takeBack } from './enrolment.ts';
import { keepFile } from './kept-file.ts';

/** Makes a claim, and the folder that goes onto every card; all of it or nothing. Returns the id of its certificate. */
export const makeClaim = async (
  iot: IoTClient,
  stack: Pick<StackOutputs, 'ClaimPolicy' | 'ProvisioningTemplate'>,
  folder: string,
): Promise<string> => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (readdirSync(folder).length > 0) throw new Error(`${folder} holds something already`);
  const { endpointAddress: endpoint } = await iot.send(
    new DescribeEndpointCommand({ endpointType: 'iot:Data-ATS' }),
  );
  const { certificateArn, certificateId, certificatePem, keyPair } = await iot.send(
    new CreateKeysAndCertificateCommand({ setAsActive: true }),
  );
  const privateKey = keyPair?.PrivateKey;
  if (
    endpoint === undefined ||
    certificateArn === undefined ||
    certificateId === undefined ||
    certificatePem === undefined ||
    privateKey === undefined
  )
    throw new Error('AWS IoT gave no certificate');
  const files = {
    'claim.yaml': stringify({ endpoint, template: stack.ProvisioningTemplate }),
    'claim.key': privateKey,
    'claim.pem': certificatePem,
  };
  try {
    for (const [name, text] of Object.entries(files)) await keepFile(join(folder, name), text);
    // Last, so that a claim of which nobody has the key can do nothing.
    await iot.send(new AttachPolicyCommand({ policyName: stack.ClaimPolicy, target: certificateArn }));
  } catch (error) {
    for (const name of Object.keys(files)) rmSync(join(folder, name), { force: true });
    return await takeBack(iot, null, certificateArn, error);
  }
  return certificateId;
};

import { X509Certificate } from 'node:crypto';
import {
  AddThingToThingGroupCommand,
  AttachPolicyCommand,
  AttachThingPrincipalCommand,
  CreateCertificateFromCsrCommand,
  CreateThingCommand,
  DeleteCertificateCommand,
  DescribeCertificateCommand,
  DescribeEndpointCommand,
  DetachPolicyCommand,
  DetachThingPrincipalCommand,
  type IoTClient,
  ListAttachedPoliciesCommand,
  paginateListThingPrincipals,
  ResourceNotFoundException,
  UpdateCertificateCommand,
} from '@aws-sdk/client-iot';
import type { StackOutputs } from '../contract/outputs.ts';

export type Enrolled = { readonly certificatePem: string; readonly endpoint: string };

export const idOf = (certificateArn: string): string => certificateArn.split('/').at(-1) ?? '';

/** Takes one certificate out of use for good. */
const removeCertificate = async (iot: IoTClient, thingName: string | null, arn: string): Promise<void> => {
  const certificateId = idOf(arn);
  // First, so that it cannot connect any more whatever fails afterwards.
  await iot.send(new UpdateCertificateCommand({ certificateId, newStatus: 'REVOKED' }));
  const { policies = [] } = await iot.send(new ListAttachedPoliciesCommand({ target: arn }));
  for (const { policyName } of policies) await iot.send(new DetachPolicyCommand({ policyName, target: arn }));
  if (thingName !== null) await iot.send(new DetachThingPrincipalCommand({ thingName, principal: arn }));
  await iot.send(new DeleteCertificateCommand({ certificateId, forceDelete: true }));
};

/** Every certificate of a station; none for a name that is no thing. */
export const certificatesOf = async (iot: IoTClient, thingName: string): Promise<string[]> => {
  const certificates: string[] = [];
  try {
    for await (const { principals = [] } of paginateListThingPrincipals({ client: iot }, { thingName })) {
      certificates.push(...principals);
    }
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
  }
  return certificates;
};

/** Takes every certificate of a station away. Returns how many it had. */
export const revokeStation = async (iot: IoTClient, thingName: string): Promise<number> => {
  const certificates = await certificatesOf(iot, thingName);
  for (const arn of certificates) await removeCertificate(iot, thingName, arn);
  return certificates.length;
};

/** AWS IoT's id of a certificate: SHA-256 over its DER, in hexadecimal. */
export const certificateIdOf = (pem: string): string =>
  new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase();

/** A fingerprint as tools print it (`SHA256 Fingerprint=AB:CD:…`), or as AWS does, as an id. */
export const certificateIdFrom = (fingerprint: string): string => {
  const id = fingerprint.replace(/^.*=/, '').replaceAll(/[:\s]/g, '').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(id)) throw new Error(`"${fingerprint}" is no SHA-256 fingerprint`);
  return id;
};

/** Takes one certificate of a station away and leaves its others. Throws when the station does not have it. */
export const revokeCertificate = async (
  iot: IoTClient,
  thingName: string,
  certificateId: string,
): Promise<void> => {
  const arn = (await certificatesOf(iot, thingName)).find((one) => idOf(one) === certificateId);
  if (arn === undefined) throw new Error(`${thingName} has no certificate ${certificateId}`);
  await removeCertificate(iot, thingName, arn);
};

/** Signs a station's request and makes it a thing that may connect. Leaves no certificate behind when a step fails. */
export const enrollStation = async (
  iot: IoTClient,
  stack: Pick<StackOutputs, 'ThingGroup' | 'GatewayPolicy' | 'ClaimPolicy'>,
  station: { readonly id: string; readonly requestPem: string },
): Promise<Enrolled> => {
  const { endpointAddress } = await iot.send(new DescribeEndpointCommand({ endpointType: 'iot:Data-ATS' }));
  const { certificateArn, certificatePem } = await iot.send(
    new CreateCertificateFromCsrCommand({ certificateSigningRequest: station.requestPem, setAsActive: true }),
  );
  if (certificateArn === undefined || certificatePem === undefined || endpointAddress === undefined) {
    throw new Error('AWS IoT gave no certificate');
  }
  try {
    await iot.send(new CreateThingCommand({ thingName: station.id }));
    await iot.send(
      new AddThingToThingGroupCommand({ thingName: station.id, thingGroupName: stack.ThingGroup }),
    );
    // The second one lets the station renew its certificate.
    for (const policyName of [stack.GatewayPolicy, stack.ClaimPolicy])
      await iot.send(new AttachPolicyCommand({ policyName, target: certificateArn }));
    await iot.send(
      new AttachThingPrincipalCommand({
        thingName: station.id,
        principal: certificateArn,
        // One certificate, one station: the policy's variable then has one value.
        thingPrincipalType: 'EXCLUSIVE_THING',
      }),
    );
  } catch (error) {
    await removeCertificate(iot, null, certificateArn);
    throw error;
  }
  return { certificatePem, endpoint: endpointAddress };
};

/** Switches these on again, but for what was revoked or deleted meanwhile. Returns how many. */
export const switchOn = async (iot: IoTClient, certificateIds: readonly string[]): Promise<number> => {
  let count = 0;
  for (const certificateId of certificateIds) {
    try {
      const { certificateDescription } = await iot.send(new DescribeCertificateCommand({ certificateId }));
      if (certificateDescription?.status !== 'INACTIVE') continue;
      await iot.send(new UpdateCertificateCommand({ certificateId, newStatus: 'ACTIVE' }));
      count += 1;
    } catch (error) {
      if (!(error instanceof ResourceNotFoundException)) throw error;
    }
  }
  return count;
};

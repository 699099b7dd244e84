import {
  AddThingToThingGroupCommand,
  AttachPolicyCommand,
  AttachThingPrincipalCommand,
  CreateCertificateFromCsrCommand,
  CreateThingCommand,
  DeleteCertificateCommand,
  DescribeEndpointCommand,
  DetachPolicyCommand,
  DetachThingPrincipalCommand,
  type IoTClient,
  ListAttachedPoliciesCommand,
  ListThingPrincipalsCommand,
  UpdateCertificateCommand,
} from '@aws-sdk/client-iot';
import type { StackOutputs } from '../contract/outputs.ts';

export type Enrolled = { readonly certificatePem: string; readonly endpoint: string };

const idOf = (certificateArn: string): string => certificateArn.split('/').at(-1) ?? '';

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

const certificatesOf = async (iot: IoTClient, thingName: string): Promise<string[]> => {
  const { principals = [] } = await iot.send(new ListThingPrincipalsCommand({ thingName }));
  return principals;
};

/** Takes every certificate of a station away. Returns how many it had. */
export const revokeStation = async (iot: IoTClient, thingName: string): Promise<number> => {
  const certificates = await certificatesOf(iot, thingName);
  for (const arn of certificates) await removeCertificate(iot, thingName, arn);
  return certificates.length;
};

/** Signs a station's request and makes it a thing that may connect. Leaves no certificate behind when a step fails. */
export const enrollStation = async (
  iot: IoTClient,
  stack: Pick<StackOutputs, 'ThingGroup' | 'GatewayPolicy'>,
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
    await iot.send(new AttachPolicyCommand({ policyName: stack.GatewayPolicy, target: certificateArn }));
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

/** `INACTIVE`: the station cannot connect and keeps its readings; `ACTIVE`: it delivers them. */
export const setCertificates = async (
  iot: IoTClient,
  thingName: string,
  newStatus: 'ACTIVE' | 'INACTIVE',
): Promise<void> => {
  for (const arn of await certificatesOf(iot, thingName)) {
    await iot.send(new UpdateCertificateCommand({ certificateId: idOf(arn), newStatus }));
  }
};

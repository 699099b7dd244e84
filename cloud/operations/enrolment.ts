import { X509Certificate } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  AddThingToThingGroupCommand,
  AttachPolicyCommand,
  AttachThingPrincipalCommand,
  CreateCertificateFromCsrCommand,
  CreateThingCommand,
  DeleteCertificateCommand,
  DeleteConflictException,
  DescribeCertificateCommand,
  DescribeEndpointCommand,
  DetachPolicyCommand,
  DetachThingPrincipalCommand,
  type IoTClient,
  paginateListAttachedPolicies,
  paginateListThingPrincipals,
  ResourceAlreadyExistsException,
  ResourceNotFoundException,
  UpdateCertificateCommand,
} from '@aws-sdk/client-iot';
import { formatError } from '../../src/weather/format.ts';
import type { StackOutputs } from '../contract/outputs.ts';
import { isListed, revokeClaim } from './claims.ts';
import { arnOf } from './jobs.ts';

export const idOf = (certificateArn: string): string => certificateArn.split('/').at(-1) ?? '';

/** One that somebody else deleted meanwhile is as good as revoked. */
export const unlessGone = async (work: () => Promise<void>): Promise<void> => {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
  }
};

const DETACH_SECONDS = 15;

/** Deletes a certificate that was detached: AWS IoT takes some seconds until it knows of that itself. */
const deleteDetached = async (iot: IoTClient, certificateId: string): Promise<void> => {
  for (let seconds = 0; ; seconds++) {
    try {
      await iot.send(new DeleteCertificateCommand({ certificateId, forceDelete: true }));
      return;
    } catch (error) {
      if (!(error instanceof DeleteConflictException) || seconds === DETACH_SECONDS) throw error;
    }
    await delay(1_000);
  }
};

/** Takes certificates out of use for good. Returns how many there still were. */
const removeCertificates = async (
  iot: IoTClient,
  thingName: string | null,
  arns: readonly string[],
): Promise<number> => {
  const revoked: string[] = [];
  // All of them first, so that none can connect any more whatever fails afterwards.
  for (const arn of arns) {
    await unlessGone(async () => {
      await iot.send(new UpdateCertificateCommand({ certificateId: idOf(arn), newStatus: 'REVOKED' }));
      revoked.push(arn);
    });
  }
  for (const arn of revoked) {
    await unlessGone(async () => {
      const names: string[] = [];
      for await (const { policies = [] } of paginateListAttachedPolicies({ client: iot }, { target: arn })) {
        names.push(...policies.flatMap(({ policyName }) => policyName ?? []));
      }
      for (const policyName of names) await iot.send(new DetachPolicyCommand({ policyName, target: arn }));
    });
    if (thingName !== null) {
      await unlessGone(async () => {
        await iot.send(new DetachThingPrincipalCommand({ thingName, principal: arn }));
      });
    }
    await unlessGone(() => deleteDetached(iot, idOf(arn)));
  }
  return revoked.length;
};

/** Undoes a certificate that was made in vain, and throws the error that made it so. */
export const takeBack = async (
  iot: IoTClient,
  thingName: string | null,
  certificateArn: string,
  error: unknown,
): Promise<never> => {
  const reason = formatError(error);
  try {
    await removeCertificates(iot, thingName, [certificateArn]);
  } catch (failure) {
    const id = idOf(certificateArn);
    throw new Error(
      `${reason}; the new certificate ${id} could not be taken back (${formatError(failure)}), so do it by: ` +
        `aws iot update-certificate --new-status REVOKED --certificate-id ${id}`,
    );
  }
  throw new Error(`${reason}; the new certificate was taken back`);
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

/** Takes every certificate of a station away, and its claim. Returns how many it had; throws where nobody has this name. */
export const revokeAll = async (
  iot: IoTClient,
  dynamo: DynamoDBClient,
  claimsTable: string,
  id: string,
): Promise<number> => {
  // One that is only listed is no thing yet.
  if (!(await isListed(dynamo, claimsTable, id))) await arnOf(iot, { kind: 'station', name: id });
  // First, so that it cannot register again while its certificates go.
  await revokeClaim(dynamo, claimsTable, id);
  return await revokeStation(iot, id);
};

/** Takes every certificate of a station away. Returns how many it had. */
export const revokeStation = async (iot: IoTClient, thingName: string): Promise<number> =>
  removeCertificates(iot, thingName, await certificatesOf(iot, thingName));

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
  await removeCertificates(iot, thingName, [arn]);
};

/** A thing that came by the claim is of a type, and stays what it is. */
const createThing = async (iot: IoTClient, thingName: string): Promise<void> => {
  try {
    await iot.send(new CreateThingCommand({ thingName }));
  } catch (error) {
    if (!(error instanceof ResourceAlreadyExistsException)) throw error;
  }
};

/**
 * Signs a station's request, makes it a thing that may connect, and has the certificate kept. Leaves no certificate
 * behind when a step fails, the last included. Returns the endpoint.
 */
export const enrollStation = async (
  iot: IoTClient,
  stack: Pick<StackOutputs, 'ThingGroup' | 'GatewayPolicy' | 'ClaimPolicy'>,
  station: { readonly id: string; readonly requestPem: string },
  keep: (certificatePem: string) => Promise<void>,
): Promise<string> => {
  const { endpointAddress } = await iot.send(new DescribeEndpointCommand({ endpointType: 'iot:Data-ATS' }));
  const { certificateArn, certificatePem } = await iot.send(
    new CreateCertificateFromCsrCommand({ certificateSigningRequest: station.requestPem, setAsActive: true }),
  );
  if (certificateArn === undefined || certificatePem === undefined || endpointAddress === undefined) {
    throw new Error('AWS IoT gave no certificate');
  }
  try {
    await createThing(iot, station.id);
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
    await keep(certificatePem);
  } catch (error) {
    return await takeBack(iot, station.id, certificateArn, error);
  }
  return endpointAddress;
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

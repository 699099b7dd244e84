import { createHash, X509Certificate } from 'node:crypto';
import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { IoTClient, paginateListThingPrincipals } from '@aws-sdk/client-iot';
import { boardKey, type ClaimState } from '../contract/claims.ts';
import { requiredVariable } from './environment.ts';

type ProvisioningRequest = {
  readonly parameters: Readonly<Record<string, string>>;
  /** Of the certificate that asks: of a claim, or of a station that renews its own. */
  readonly claimCertificateId: string;
  /** The certificate to be registered. */
  readonly certificatePem: string;
};
type ProvisioningAnswer = {
  readonly allowProvisioning: boolean;
  readonly parameterOverrides?: Readonly<Record<string, string>>;
};

/** Who asks: a card that knows its station, or one that knows the number of its board. */
type Asked = {
  readonly id: string;
  readonly serial: string | undefined;
  readonly key: string;
  readonly hasCertificate: boolean;
};
type Known = { readonly name: string; readonly endpoint: string };

/** Provisioning that broke off may be tried again after so long with another key, when no certificate came of it. */
const RETRY_AFTER_MS = 10 * 60_000;

const iot = new IoTClient();
const dynamo = new DynamoDBClient();

const certificateIdsOf = async (id: string): Promise<readonly string[]> => {
  try {
    const ids: string[] = [];
    for await (const { principals = [] } of paginateListThingPrincipals({ client: iot }, { thingName: id })) {
      ids.push(...principals.map((arn) => arn.split('/').at(-1) ?? ''));
    }
    return ids;
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return [];
    throw error;
  }
};

/** SHA-256 of the public key: of two certificates of one card it is the same. */
const keyOf = (certificatePem: string): string => {
  const key = new X509Certificate(certificatePem).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('hex');
};

const itemOf = async (id: string) => {
  const { Item } = await dynamo.send(
    new GetItemCommand({ TableName: requiredVariable('CLAIMS_TABLE'), Key: { id: { S: id } } }),
  );
  return Item;
};

const stationOf = async (serial: string): Promise<string | undefined> =>
  (await itemOf(boardKey(serial)))?.['station']?.S;

/** A station that asks with a certificate of its own may have another one, unless it was revoked. */
const renew = async (id: string): Promise<Known | null> => {
  const item = await itemOf(id);
  return item?.['state']?.S === 'revoked'
    ? null
    : { name: item?.['name']?.S ?? '', endpoint: item?.['endpoint']?.S ?? '' };
};

const state = (value: ClaimState): { S: ClaimState } => ({ S: value });

/**
 * One write decides, so that of two claims for one station only one is let in. The key that was let in may come back at
 * any time, as a card does that lost the answer in a power cut.
 */
const takeClaim = async ({ id, serial, key, hasCertificate }: Asked): Promise<Known | null> => {
  const nowMs = Date.now();
  const isSameKey = '(#state = :used AND #key = :key)';
  const isFree = `#state = :expected OR (#state = :used AND usedms < :before) OR ${isSameKey}`;
  const allowed = hasCertificate ? isSameKey : `(${isFree})`;
  const isBoard = serial === undefined ? 'attribute_not_exists(serial)' : 'serial = :serial';
  const all = {
    ':expected': state('expected'),
    ':used': state('used'),
    ':now': { N: String(nowMs) },
    ':before': { N: String(nowMs - RETRY_AFTER_MS) },
    ':key': { S: key },
    ...(serial === undefined ? {} : { ':serial': { S: serial } }),
  };
  const condition = `${isBoard} AND ${allowed}`;
  const update = 'SET #state = :used, usedms = :now, #key = :key';
  try {
    const { Attributes } = await dynamo.send(
      new UpdateItemCommand({
        TableName: requiredVariable('CLAIMS_TABLE'),
        Key: { id: { S: id } },
        UpdateExpression: update,
        ConditionExpression: condition,
        ExpressionAttributeNames: { '#state': 'state', '#key': 'key' },
        // A value that no expression names is an error.
        ExpressionAttributeValues: Object.fromEntries(
          Object.entries(all).filter(([name]) => `${condition} ${update}`.includes(name)),
        ),
        ReturnValues: 'ALL_NEW',
      }),
    );
    return { name: Attributes?.['name']?.S ?? '', endpoint: Attributes?.['endpoint']?.S ?? '' };
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return null;
    throw error;
  }
};

/** A claim is known to every image it is in: it makes only stations that the operator has listed, each for one card. */
export const handler = async ({
  parameters,
  claimCertificateId,
  certificatePem,
}: ProvisioningRequest): Promise<ProvisioningAnswer> => {
  const serial = parameters['SerialNumber']?.toLowerCase() || undefined;
  const id = serial === undefined ? parameters['StationId'] : await stationOf(serial);
  if (id === undefined || id === '') return { allowProvisioning: false };
  const own = await certificateIdsOf(id);
  const known = own.includes(claimCertificateId)
    ? await renew(id)
    : await takeClaim({ id, serial, key: keyOf(certificatePem), hasCertificate: own.length > 0 });
  if (known === null) return { allowProvisioning: false };
  return {
    allowProvisioning: true,
    parameterOverrides: { StationId: id, StationName: known.name, Endpoint: known.endpoint },
  };
};

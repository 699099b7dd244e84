import { ConditionalCheckFailedException, DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { IoTClient, ListThingPrincipalsCommand } from '@aws-sdk/client-iot';
import type { ClaimState } from '../contract/claims.ts';
import { requiredVariable } from './environment.ts';

type ProvisioningRequest = { readonly parameters: Readonly<Record<string, string>> };
type ProvisioningAnswer = { readonly allowProvisioning: boolean };

/** Provisioning that broke off may be tried again after so long, when no certificate came of it. */
const RETRY_AFTER_MS = 10 * 60_000;

const iot = new IoTClient();
const dynamo = new DynamoDBClient();

const hasCertificate = async (id: string): Promise<boolean> => {
  try {
    const { principals = [] } = await iot.send(new ListThingPrincipalsCommand({ thingName: id }));
    return principals.length > 0;
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return false;
    throw error;
  }
};

const state = (value: ClaimState): { S: ClaimState } => ({ S: value });

/** One write decides, so that of two claims for one station only one is let in. */
const takeClaim = async (id: string): Promise<boolean> => {
  const nowMs = Date.now();
  try {
    await dynamo.send(
      new UpdateItemCommand({
        TableName: requiredVariable('CLAIMS_TABLE'),
        Key: { id: { S: id } },
        UpdateExpression: 'SET #state = :used, usedms = :now',
        ConditionExpression: '#state = :expected OR (#state = :used AND usedms < :before)',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: {
          ':expected': state('expected'),
          ':used': state('used'),
          ':now': { N: String(nowMs) },
          ':before': { N: String(nowMs - RETRY_AFTER_MS) },
        },
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
};

/** A claim is known to every image it is in: it makes only stations that the operator has listed, each once. */
export const handler = async ({ parameters }: ProvisioningRequest): Promise<ProvisioningAnswer> => {
  const id = parameters['StationId'];
  const allowProvisioning =
    id !== undefined && id !== '' && !(await hasCertificate(id)) && (await takeClaim(id));
  return { allowProvisioning };
};

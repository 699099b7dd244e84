import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { boardKey, type ClaimState } from '../contract/claims.ts';

type Claim = {
  readonly id: string;
  readonly name: string;
  /** Of the board, where the card does not know its station. */
  readonly serial?: string | undefined;
  readonly endpoint: string;
};

/** Whether a station was ever let in by a claim, or kept out. */
export const isListed = async (dynamo: DynamoDBClient, table: string, id: string): Promise<boolean> => {
  const { Item } = await dynamo.send(new GetItemCommand({ TableName: table, Key: { id: { S: id } } }));
  return Item !== undefined;
};

/** Keeps a station out until it is listed again. */
export const revokeClaim = async (dynamo: DynamoDBClient, table: string, id: string): Promise<void> => {
  const state: ClaimState = 'revoked';
  await dynamo.send(
    new UpdateItemCommand({
      TableName: table,
      Key: { id: { S: id } },
      UpdateExpression: 'SET #state = :state',
      ExpressionAttributeNames: { '#state': 'state' },
      ExpressionAttributeValues: { ':state': { S: state } },
    }),
  );
};

/** A station that was revoked and has a certificate again may renew it. The claim still does not admit it. */
export const readmit = async (dynamo: DynamoDBClient, table: string, id: string): Promise<void> => {
  const revoked: ClaimState = 'revoked';
  const used: ClaimState = 'used';
  try {
    await dynamo.send(
      new UpdateItemCommand({
        TableName: table,
        Key: { id: { S: id } },
        UpdateExpression: 'SET #state = :used REMOVE usedms, #key',
        ConditionExpression: '#state = :revoked',
        ExpressionAttributeNames: { '#state': 'state', '#key': 'key' },
        ExpressionAttributeValues: { ':revoked': { S: revoked }, ':used': { S: used } },
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
};

const stateOf = async (dynamo: DynamoDBClient, table: string, id: string): Promise<ClaimState> => {
  const { Item } = await dynamo.send(new GetItemCommand({ TableName: table, Key: { id: { S: id } } }));
  return Item?.['state']?.S === 'revoked' ? 'revoked' : 'used';
};

/**
 * Lets a station register by the claim once. With `isAgain` also one that has registered or was revoked before; without
 * it such a station is left as it is, and what it is comes back.
 */
export const listClaim = async (
  dynamo: DynamoDBClient,
  table: string,
  { id, name, serial, endpoint }: Claim,
  isAgain: boolean,
): Promise<ClaimState> => {
  const expected: ClaimState = 'expected';
  try {
    await dynamo.send(
      new UpdateItemCommand({
        TableName: table,
        Key: { id: { S: id } },
        UpdateExpression: [
          `SET #state = :expected, #name = :name, endpoint = :endpoint${serial === undefined ? '' : ', serial = :serial'}`,
          `REMOVE usedms, #key${serial === undefined ? ', serial' : ''}`,
        ].join(' '),
        ...(isAgain ? {} : { ConditionExpression: 'attribute_not_exists(id) OR #state = :expected' }),
        ExpressionAttributeNames: { '#state': 'state', '#name': 'name', '#key': 'key' },
        ExpressionAttributeValues: {
          ':expected': { S: expected },
          ':name': { S: name },
          ':endpoint': { S: endpoint },
          ...(serial === undefined ? {} : { ':serial': { S: serial } }),
        },
      }),
    );
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return await stateOf(dynamo, table, id);
    throw error;
  }
  if (serial !== undefined)
    await dynamo.send(
      new PutItemCommand({
        TableName: table,
        Item: { id: { S: boardKey(serial) }, station: { S: id } },
      }),
    );
  return expected;
};
